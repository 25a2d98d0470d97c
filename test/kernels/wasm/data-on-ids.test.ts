import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../../src/kernels/backend.ts';

await loadBackend('wasm');

test('in a process that begins with the wasm backend nothing of tensors is kept in WeakMaps, and all of it is counted', async () => {
  const engine = tf.engine().state as unknown as { readonly tensorInfo: object };
  const { dataIdMap } = tf.backend() as unknown as { readonly dataIdMap: { readonly data: object; numDataIds(): number } };
  assert.ok(!(engine.tensorInfo instanceof WeakMap) && !(dataIdMap.data instanceof WeakMap));
  const [x, y] = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4])];
  const sum = tf.tidy(() => tf.add(tf.square(x), y));
  const copy = tf.clone(sum);
  assert.deepEqual([tf.memory().numTensors, tf.memory().numDataBuffers, dataIdMap.numDataIds()], [4, 3, 3]);
  sum.dispose();
  assert.deepEqual([...(await copy.data())], [4, 8]);
  tf.dispose([x, y, copy]);
  assert.deepEqual([tf.memory().numTensors, tf.memory().numDataBuffers, dataIdMap.numDataIds()], [0, 0, 0]);
});
