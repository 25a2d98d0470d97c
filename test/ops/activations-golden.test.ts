import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { ACTIVATIONS } from '../../src/models/read-config.ts';
import { composedOps } from '../../src/ops/composed-ops.ts';
import { BACKENDS } from '../helpers/backends.ts';
import { outputAndGradients } from '../kernels/conformance/case.ts';
import { differenceProblems } from '../kernels/conformance/differences.ts';
import { readGoldenJson } from '../models/support.ts';

// torch's values in float64 (test/fixtures/golden/README.md) against float32: rounding, and tfjs's erf with an absolute error of 1.5e-7
// that GELU multiplies by up to 15. Measured: 1.2e-6 of 1 + |value|.
const TOLERANCE = 3e-6;

const golden = readGoldenJson('d_activations.json') as {
  readonly points: readonly number[];
  readonly activations: Readonly<Record<string, { readonly values: readonly number[]; readonly gradients: readonly number[] }>>;
};
const ops = composedOps();

void test('every activation of a run file has golden values', () => {
  assert.deepEqual([...ACTIVATIONS].sort(), Object.keys(golden.activations).sort());
});

for (const backend of BACKENDS) {
  for (const name of ACTIVATIONS) {
    void test(`on ${backend} ${name} has torch's values and gradients, far from zero as well`, async () => {
      await loadBackend(backend);
      const expected = golden.activations[name];
      const x = tf.tensor1d([...golden.points]);
      const gradients = tf.grad((y: tf.Tensor) => ops.activation(tf.clone(y), name))(x);
      assertNear(ops.activation(x, name), expected?.values ?? [], `${name} on ${backend}`);
      assertNear(gradients, expected?.gradients ?? [], `gradient of ${name} on ${backend}`);
    });

    void test(`on ${backend} the gradient of ${name} agrees with finite differences`, async () => {
      await loadBackend(backend);
      // Away from every kink by more than a difference reaches; far points would drown a difference in rounding.
      const values = Float32Array.from(golden.points.filter((point) => Math.abs(point) < 5));
      const testCase = { name, inputs: [{ shape: [values.length], values }], f: (x: tf.Tensor) => ops.activation(x, name), smooth: true };
      assert.deepEqual(differenceProblems(testCase, outputAndGradients(testCase)), []);
    });
  }
}

function assertNear(received: tf.Tensor, expected: readonly number[], what: string): void {
  const values = received.dataSync();
  assert.equal(values.length, expected.length, what);
  for (const [index, wanted] of expected.entries()) {
    const value = values[index] ?? Number.NaN;
    assert.ok(
      Math.abs(value - wanted) <= TOLERANCE * (1 + Math.abs(wanted)),
      `${what} at ${golden.points[index]}: ${value} is not ${wanted}`,
    );
  }
}
