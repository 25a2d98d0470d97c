import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../../src/kernels/backend.ts';

await loadBackend('cpu');
// Made before the wasm backend is there: what tfjs knows of it lies in its own map.
const early = tf.tensor1d([1, 2, 3]);

test('tensors move between backends and are counted, whatever was made before', async () => {
  await loadBackend('wasm');
  const before = tf.memory();
  const late = tf.tensor1d([10, 20, 30]);
  const sum = tf.add(early, late);
  assert.deepEqual([...(await sum.data())], [11, 22, 33]);
  await loadBackend('cpu');
  const product = tf.mul(sum, late);
  assert.deepEqual([...(await product.data())], [110, 440, 990]);
  const alias = tf.reshape(product, [3, 1]);
  assert.equal(tf.memory().numTensors, before.numTensors + 4);
  assert.equal(tf.memory().numDataBuffers, before.numDataBuffers + 3);
  product.dispose();
  assert.deepEqual([...(await alias.data())], [110, 440, 990]);
  tf.dispose([late, sum, alias]);
  const after = tf.memory();
  assert.deepEqual([after.numTensors, after.numDataBuffers, after.numBytes], [before.numTensors, before.numDataBuffers, before.numBytes]);
  assert.throws(() => alias.dataSync(), /disposed/);
  await loadBackend('wasm');
  assert.deepEqual([...(await tf.square(early).data())], [1, 4, 9]);
});
