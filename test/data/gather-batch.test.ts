import assert from 'node:assert/strict';
import test from 'node:test';
import type { FeatureDataset } from '../../src/data/dataset.ts';
import { gatherBatch } from '../../src/data/gather-batch.ts';

const dataset: FeatureDataset = {
  kind: 'features',
  rows: 3,
  width: 2,
  x: Float32Array.from([0, 1, 10, 11, 20, 21]),
  y: Float32Array.from([0.5, 1.5, 2.5]),
  targetWidth: 1,
  rowId: (row) => `r${row}`,
};

test('a batch has the rows asked for, in that order, and repeats them when asked', () => {
  const batch = gatherBatch(dataset, [2, 0, 2]);
  assert.deepEqual(batch.x, Float32Array.from([20, 21, 0, 1, 20, 21]));
  assert.deepEqual(batch.y, Float32Array.from([2.5, 0.5, 2.5]));
  assert.deepEqual(batch.rowIds, ['r2', 'r0', 'r2']);
  assert.deepEqual(gatherBatch(dataset, Uint32Array.from([2, 0, 2])), batch);
});

test('a batch is a copy and shares nothing with the dataset or the next batch', () => {
  const batch = gatherBatch(dataset, [1]);
  batch.x.fill(99);
  assert.deepEqual(gatherBatch(dataset, [1]).x, Float32Array.from([10, 11]));
});

test('class indices stay whole numbers, and data without targets gives none', () => {
  assert.deepEqual(gatherBatch({ ...dataset, y: Int32Array.from([4, 5, 6]) }, [1, 2]).y, Int32Array.from([5, 6]));
  assert.equal(gatherBatch({ ...dataset, y: new Float32Array(0), targetWidth: 0 }, [1]).y.length, 0);
});

test('a row that is not there is a RangeError', () => {
  for (const row of [3, -1, Number.NaN]) assert.throws(() => gatherBatch(dataset, [row]), RangeError);
});
