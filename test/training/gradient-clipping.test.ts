import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { clipGradients, type Gradients, globalNorm } from '../../src/training/gradient-clipping.ts';
import { BACKENDS } from '../helpers/backends.ts';

/** Norm 13 over three gradients: 9 + 16 + 144 = 169. */
const VALUES = { a: [3, -4], b: [12], c: [0, 0, 0] };

for (const backend of BACKENDS) {
  void test(`clips by the norm over all gradients with torch's coefficient on ${backend}`, async () => {
    await loadBackend(backend);
    tf.tidy(() => {
      const { gradients, norm } = clipGradients(given(VALUES), { gradientClipVal: 2, gradientClipAlgorithm: 'norm' });
      near(norm?.dataSync()[0], 13);
      const coefficient = 2 / (13 + 1e-6);
      for (const [path, values] of Object.entries(VALUES)) {
        for (const [i, value] of values.entries()) near(gradients[path]?.dataSync()[i], value * coefficient);
      }
    });
  });

  void test(`leaves gradients below the norm bit for bit as they are on ${backend}`, async () => {
    await loadBackend(backend);
    tf.tidy(() => {
      const { gradients, norm } = clipGradients(given({ a: [0.1, 0.7], b: [-0.3] }), { gradientClipVal: 5, gradientClipAlgorithm: 'norm' });
      near(norm?.dataSync()[0], Math.hypot(0.1, 0.7, 0.3));
      assert.deepEqual([...(gradients['a']?.dataSync() ?? [])], [...Float32Array.of(0.1, 0.7)]);
    });
  });

  void test(`clips every element by value on ${backend}`, async () => {
    await loadBackend(backend);
    tf.tidy(() => {
      const { gradients, norm } = clipGradients(given({ a: [3, -4, 0.5], b: [0] }), { gradientClipVal: 1, gradientClipAlgorithm: 'value' });
      assert.equal(norm, null);
      assert.deepEqual([...(gradients['a']?.dataSync() ?? [])], [1, -1, 0.5]);
    });
  });

  void test(`a gradient that is not finite is not clipped away on ${backend}`, async () => {
    await loadBackend(backend);
    tf.tidy(() => {
      const { gradients } = clipGradients(given({ a: [Number.NaN, 1], b: [1] }), { gradientClipVal: 1, gradientClipAlgorithm: 'norm' });
      assert.ok(Number.isNaN(gradients['a']?.dataSync()[0]));
    });
  });

  void test(`large gradients give the same norm and coefficient as small ones on ${backend}`, async () => {
    await loadBackend(backend);
    tf.tidy(() => {
      // 10,007 elements: beyond the scalar loop's size on wasm, and not a multiple of four.
      const { gradients, norm } = clipGradients(
        { a: tf.tensor1d(new Float32Array(10_007).fill(0.5)) },
        { gradientClipVal: 1, gradientClipAlgorithm: 'norm' },
      );
      const expected = 0.5 * Math.sqrt(10_007);
      near(norm?.dataSync()[0], expected);
      near(gradients['a']?.dataSync()[10_006], 0.5 / (expected + 1e-6));
    });
  });
}

void test('null, 0 and negative values clip nothing and compute no norm', () => {
  const gradients = given(VALUES);
  for (const gradientClipVal of [null, 0, -1]) {
    assert.deepEqual(clipGradients(gradients, { gradientClipVal, gradientClipAlgorithm: 'norm' }), { gradients, norm: null });
  }
  tf.dispose(Object.values(gradients));
});

void test('the norm of no gradients is 0', () => {
  tf.tidy(() => assert.equal(globalNorm({}).dataSync()[0], 0));
});

function given(values: Readonly<Record<string, readonly number[]>>): Gradients {
  return Object.fromEntries(Object.entries(values).map(([path, list]) => [path, tf.tensor1d([...list])]));
}

/** A handful of float32 roundings; a float32 sum of 10,007 equal terms loses up to 1e-5. */
function near(actual: number | undefined, expected: number): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= 1e-5 * Math.abs(expected), `expected ${expected}, received ${actual}`);
}
