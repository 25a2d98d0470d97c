import assert from 'node:assert/strict';
import test from 'node:test';
import { type Benchmark, measurePairs, type Sample } from '../../bench/benchmark.ts';
import { renderReport, toRow } from '../../bench/report.ts';

const benchmark: Benchmark = {
  id: 'B0',
  title: 'nothing',
  measures: 'a / b',
  against: 'b',
  unit: 'ratio',
  absoluteUnit: 's',
  target: 1.05,
  stretch: 1.01,
  secondsPerPair: 1,
  run: () => Promise.resolve([]),
};
const load = { before: [1.5, 1, 1], after: [2.5, 1, 1] };

function row(samples: readonly Sample[]) {
  return toRow(benchmark, { label: '', samples, notes: [] }, { seed: 1, load });
}

test('the first sample is dropped from the figure and from both absolute numbers, and kept in the list', () => {
  const samples = [
    { value: 100, ours: 100, baseline: 1 },
    { value: 2, ours: 4, baseline: 2 },
    { value: 2, ours: 6, baseline: 3 },
  ];
  const { figure, ours, baseline, count, samples: kept } = row(samples);
  assert.deepEqual(figure, { median: 2, low: 2, high: 2 });
  assert.deepEqual({ ours, baseline, count }, { ours: 5, baseline: 2.5, count: 2 });
  assert.equal(kept.length, 3);
});

test('a figure without a baseline has none in the table', () => {
  const found = row([1, 2, 3].map((value) => ({ value, ours: value, baseline: null })));
  assert.equal(found.baseline, null);
  assert.match(renderReport({ format: 1, conditions: conditions(), gated: true, rows: [found] }), /\| 2\.500 s \| - \| 1\.050 \|/);
});

test('the figure is the median of the ratios of pairs, not the ratio of the medians', () => {
  const samples = [
    [1, 1],
    [1, 1],
    [10, 5],
    [30, 10],
  ].map(([ours = 0, baseline = 0]) => ({ value: ours / baseline, ours, baseline }));
  assert.equal(row(samples).figure.median, 2);
});

test('both sides are measured once per pair, in turns, with one pair more than asked for', async () => {
  const calls: string[] = [];
  const measure = (side: string, value: number) => (pair: number) => {
    calls.push(`${side}${pair}`);
    return Promise.resolve(value);
  };
  const samples = await measurePairs(2, { ours: measure('a', 6), baseline: measure('b', 3) });
  assert.deepEqual(calls, ['a0', 'b0', 'b1', 'a1', 'a2', 'b2']);
  const expected = { value: 2, ours: 6, baseline: 3 };
  assert.deepEqual(samples, [expected, expected, expected]);
});

test('too few samples are shown as not judged', () => {
  const rows = [row([1, 2, 2].map((value) => ({ value, ours: value, baseline: 1 })))];
  assert.match(renderReport({ format: 1, conditions: conditions(), gated: false, rows }), /missed \(no gate\)/);
  assert.doesNotMatch(renderReport({ format: 1, conditions: conditions(), gated: true, rows }), /no gate/);
});

function conditions() {
  const machine = { cpu: 'a processor', cores: 2, memoryGiB: 4, system: 'linux' };
  return { ...machine, startedAt: '2026-01-02T03:04:05.000Z', versions: { node: '20' }, commit: 'abc', seed: 1 };
}
