import assert from 'node:assert/strict';
import test from 'node:test';
import { concatenate, takeRows } from '../../src/data/float-rows.ts';

test('rows come in the order asked for, also twice, and none is fine', () => {
  const values = Float32Array.from([0, 1, 10, 11, 20, 21]);
  assert.deepEqual([...takeRows(values, [2, 0, 2], 2)], [20, 21, 0, 1, 20, 21]);
  assert.deepEqual([...takeRows(values, [], 2)], []);
});

test('arrays are joined in order, empty ones among them', () => {
  assert.deepEqual([...concatenate([Float32Array.of(1), new Float32Array(0), Float32Array.of(2, 3)])], [1, 2, 3]);
  assert.deepEqual([...concatenate([])], []);
});
