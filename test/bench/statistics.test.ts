import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { abbaOrder, estimateMedian, judge, median, quantile } from '../../bench/statistics.ts';

test('the median is the middle value, or the mean of the two in the middle', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([7]), 7);
});

test('numbers are ordered by value, not as text', () => {
  assert.equal(median([10, 9, 100]), 10);
});

test('quantiles interpolate between neighbours as numpy.quantile does by default', () => {
  assert.equal(quantile([1, 2, 3, 4], 0.25), 1.75);
  assert.equal(quantile([1, 2, 3, 4], 1), 4);
  assert.equal(quantile([1, 2, 3, 4], 0), 1);
});

test('nothing measured is an error, not a number', () => {
  assert.throws(() => median([]), RangeError);
  assert.throws(() => estimateMedian([], 0), RangeError);
});

test('the values are left in their order', () => {
  const values = [3, 1, 2];
  median(values);
  assert.deepEqual(values, [3, 1, 2]);
});

test('an interval is the same for the same seed and encloses the median within the values', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 12 }), fc.nat(), (values, seed) => {
      const estimate = estimateMedian(values, seed);
      assert.deepEqual(estimateMedian(values, seed), estimate);
      assert.ok(Math.min(...values) <= estimate.low && estimate.low <= estimate.median);
      assert.ok(estimate.median <= estimate.high && estimate.high <= Math.max(...values));
    }),
    { numRuns: 20 },
  );
});

test('equal values have an interval without width', () => {
  assert.deepEqual(estimateMedian([2, 2, 2, 2], 1), { median: 2, low: 2, high: 2 });
});

test('an outlier does not move the median, and widens the interval', () => {
  const estimate = estimateMedian([1, 1.01, 0.99, 1.02, 0.98, 50], 3);
  assert.ok(estimate.median < 1.03, `median ${estimate.median}`);
  assert.ok(estimate.high > 1.02, `high ${estimate.high}`);
});

test('an interval of 95 % holds the true median in about 95 % of the experiments', () => {
  // 15 draws of a uniform variable on [0, 1), 200 times, seeded. The bootstrap is a little off for so few values: 88 % is a safe bound.
  let state = 1;
  const draw = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  let held = 0;
  for (let experiment = 0; experiment < 200; experiment += 1) {
    const { low, high } = estimateMedian(Array.from({ length: 15 }, draw), experiment);
    if (low <= 0.5 && 0.5 <= high) held += 1;
  }
  assert.ok(held >= 176 && held < 200, `held ${held} of 200 times`);
});

test('each side goes first in half of the pairs', () => {
  assert.deepEqual(abbaOrder(3), [
    ['ours', 'baseline'],
    ['baseline', 'ours'],
    ['ours', 'baseline'],
  ]);
  assert.equal(abbaOrder(8).filter(([first]) => first === 'ours').length, 4);
});

test('only a whole interval decides about a target', () => {
  assert.equal(judge({ low: 0.9, median: 1, high: 1.05 }, 1.05), 'reached');
  assert.equal(judge({ low: 1.06, median: 1.1, high: 1.2 }, 1.05), 'missed');
  assert.equal(judge({ low: 1, median: 1.1, high: 1.2 }, 1.05), 'undecided');
});
