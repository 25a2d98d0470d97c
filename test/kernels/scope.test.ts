import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { inScope, itself, nothing } from '../../src/kernels/scope.ts';

before(async () => {
  await loadBackend('wasm');
});

test('a scope frees what was made in it beside its result, and the scope around it frees the result', () => {
  const { numTensors } = tf.memory();
  tf.tidy(() => {
    const result = inScope(() => tf.square(tf.add(tf.ones([3]), 1)), itself);
    assert.equal(tf.memory().numTensors, numTensors + 1);
    assert.deepEqual([...result.dataSync()], [4, 4, 4]);
  });
  assert.equal(tf.memory().numTensors, numTensors);
});

test('a scope leaves alone what is kept, and what was made before it, also as its result', () => {
  const { numTensors } = tf.memory();
  tf.tidy(() => {
    const outer = tf.ones([2]);
    let kept: tf.Tensor | undefined;
    const result = inScope(() => {
      kept = tf.keep(tf.zeros([2]));
      return outer;
    }, itself);
    assert.equal(result, outer);
    tf.tidy(() => inScope(() => outer, itself));
    assert.deepEqual([outer.isDisposed, kept?.isDisposed], [false, false], 'nothing of it belongs to an inner scope');
    kept?.dispose();
  });
  assert.equal(tf.memory().numTensors, numTensors);
});

test('a scope without one around it leaves its results to whoever asked for them', () => {
  const { numTensors } = tf.memory();
  const { first, second } = inScope(
    () => ({ first: tf.ones([1]), second: tf.ones([2]), other: tf.ones([3]) }),
    (made) => [made.first, null, made.second],
  );
  assert.equal(tf.memory().numTensors, numTensors + 2);
  assert.deepEqual([first.kept, second.kept], [false, false]);
  tf.dispose([first, second]);
});

test('work that throws leaves nothing behind, and no scope open', () => {
  const { numTensors } = tf.memory();
  assert.throws(
    () =>
      inScope(() => {
        tf.ones([3]);
        throw new Error('stop');
      }, nothing),
    /stop/,
  );
  assert.equal(tf.memory().numTensors, numTensors);
  const free = tf.ones([1]);
  assert.equal(free.isDisposed, false);
  free.dispose();
});
