import assert from 'node:assert/strict';
import test from 'node:test';
import { batchWeights, closesWindow, stepsPerEpoch, windowOf } from '../../src/training/accumulation.ts';

void test('five batches by two make three steps, after batches 2, 4 and 5', () => {
  assert.equal(stepsPerEpoch(5, 2), 3);
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((batch) => closesWindow(batch, 5, 2)),
    [false, true, false, true, true],
  );
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((batch) => windowOf(batch, 5, 2)),
    [
      { step: 0, first: 0, end: 2 },
      { step: 0, first: 0, end: 2 },
      { step: 1, first: 2, end: 4 },
      { step: 1, first: 2, end: 4 },
      { step: 2, first: 4, end: 5 },
    ],
  );
});

void test('windows partition an epoch and close exactly once per step, whatever the counts', () => {
  for (let batches = 1; batches <= 12; batches++) {
    for (let accumulate = 1; accumulate <= 14; accumulate++) {
      const all = Array.from({ length: batches }, (_, batch) => batch);
      const closing = all.filter((batch) => closesWindow(batch, batches, accumulate));
      assert.equal(closing.length, stepsPerEpoch(batches, accumulate));
      for (const batch of all) {
        const { step, first, end } = windowOf(batch, batches, accumulate);
        assert.ok(first <= batch && batch < end && end <= batches);
        assert.equal(closing[step], end - 1);
      }
    }
  }
});

void test('by samples, a window weighs each batch by its share, a short last window by its own size', () => {
  const plan = { accumulateGradBatches: 4, accumulateNormalization: 'samples' } as const;
  assert.deepEqual(batchWeights([8, 8, 8, 8], plan), [0.25, 0.25, 0.25, 0.25]);
  assert.deepEqual(batchWeights([6, 2], plan), [0.75, 0.25]);
  assert.deepEqual(batchWeights([3], plan), [1]);
});

void test("Lightning's normalisation divides by the window length, in a short window too", () => {
  const plan = { accumulateGradBatches: 2, accumulateNormalization: 'lightning' } as const;
  assert.deepEqual(batchWeights([8, 8], plan), [0.5, 0.5]);
  assert.deepEqual(batchWeights([8], plan), [0.5]);
});
