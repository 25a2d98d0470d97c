import assert from 'node:assert/strict';
import test from 'node:test';
import { createRunningLoss, type HostLossTerms } from '../../../src/training/metrics/running-loss.ts';

const sum = (...means: HostLossTerms['means']): HostLossTerms => ({ combine: 'sum', means });

test('means are taken over all terms before they are added up', () => {
  const loss = createRunningLoss();
  loss.add(sum({ sum: 4, count: 2 }, { sum: 1, count: 1 }));
  loss.add(sum({ sum: 2, count: 1 }, { sum: 2, count: 4 }));
  assert.equal(loss.value(), 6 / 3 + 3 / 5);
});

test('a product is taken of the means, not of each batch', () => {
  const loss = createRunningLoss();
  for (const [a, b] of [
    [4, 1],
    [2, 5],
  ] as const)
    loss.add({
      combine: 'product',
      means: [
        { sum: a, count: 1 },
        { sum: b, count: 2 },
      ],
    });
  assert.equal(loss.value(), (6 / 2) * (6 / 4));
});

test('a loss that is a sum is added up', () => {
  const loss = createRunningLoss();
  for (const each of [1, 2, 4]) loss.add(sum({ sum: each, count: null }));
  assert.equal(loss.value(), 7);
});

test('no batch gives nothing, no term gives 0, and NaN stays', () => {
  const loss = createRunningLoss();
  assert.equal(loss.value(), undefined);
  loss.add(sum({ sum: 0, count: 0 }));
  assert.equal(loss.value(), 0);
  loss.add(sum({ sum: Number.NaN, count: 1 }));
  loss.add(sum({ sum: 1, count: 1 }));
  assert.equal(loss.value(), Number.NaN);
});

test('saved sums and products go on bit for bit after a trip through JSON', () => {
  for (const combine of ['sum', 'product'] as const) {
    const batch = (seed: number): HostLossTerms => ({
      combine,
      means: [
        { sum: 0.1 * seed, count: 3 },
        { sum: 1 / seed, count: seed },
      ],
    });
    const [straight, resumed] = [createRunningLoss(), createRunningLoss()];
    for (const seed of [3, 7]) straight.add(batch(seed));
    resumed.restore(JSON.parse(JSON.stringify(straight.save())) as ReturnType<typeof straight.save>);
    for (const each of [straight, resumed]) each.add(batch(11));
    assert.equal(resumed.value(), straight.value());
  }
});
