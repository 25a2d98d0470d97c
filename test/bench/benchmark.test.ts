import assert from 'node:assert/strict';
import test from 'node:test';
import { medianSample, toSample } from '../../bench/benchmark.ts';

test('a sample of several is the median of each of their numbers: that of the ratios is not the ratio of the medians', () => {
  const samples = [toSample(1, 10), toSample(4, 8), toSample(3, 100)];
  assert.deepEqual(medianSample(samples), { value: 0.1, ours: 3, baseline: 10 });
});

test('one without a baseline has none', () => {
  assert.deepEqual(medianSample([{ value: 2, ours: 2, baseline: null }]), { value: 2, ours: 2, baseline: null });
});
