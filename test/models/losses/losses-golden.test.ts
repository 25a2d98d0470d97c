import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { JsonObject } from '../../../src/contracts/json.ts';
import { loadBackend } from '../../../src/kernels/backend.ts';
import { readLoss } from '../../../src/models/losses/read-loss.ts';
import { composedOps } from '../../../src/ops/composed-ops.ts';
import type { LossSpec } from '../../../src/ops/loss-spec.ts';
import type { LossData } from '../../../src/ops/ops.ts';
import { createRunningLoss, type HostLossTerms } from '../../../src/training/metrics/running-loss.ts';
import { BACKENDS } from '../../helpers/backends.ts';
import { assertClose, floats, readGoldenJson } from '../support.ts';

// torch's and physicsml's losses in float64 (test/fixtures/golden/README.md) against float32 sums of 15 numbers. Measured: 6e-7.
const TOLERANCE = 2e-6;

interface GoldenLoss {
  readonly config: JsonObject;
  readonly prediction: number[][];
  readonly target: (number | null)[][];
  readonly value: number;
  readonly gradient: number[][];
}

interface GoldenGaussian extends GoldenLoss {
  readonly config: { readonly eps?: number; readonly full?: boolean; readonly reduction?: 'sum' };
  readonly variance: number[][];
  readonly varianceGradient: number[][];
}

const golden = readGoldenJson('d_losses.json') as {
  readonly atoms: number[];
  readonly losses: readonly GoldenLoss[];
  readonly gaussian: readonly GoldenGaussian[];
};

for (const backend of BACKENDS) {
  for (const each of golden.losses) {
    void test(`on ${backend} ${JSON.stringify(each.config)} has torch's value and gradient`, async () => {
      await loadBackend(backend);
      const columns = each.prediction[0]?.length ?? 0;
      const spec = readLoss(each.config, { key: 'loss_config', columns, hasMolecules: true });
      const target = targetOf(each);
      const nodesPerGraph = tf.tensor2d(golden.atoms, [golden.atoms.length, 1]);
      const { value, grads } = differentiate(spec, tf.tensor2d(each.prediction), (prediction) => ({ prediction, target, nodesPerGraph }));
      assertClose(value, [each.value], { tolerance: TOLERANCE, what: 'value' });
      assertClose(grads, each.gradient.flat(), { tolerance: TOLERANCE, what: 'gradient' });
    });
  }

  for (const each of [...golden.losses, ...golden.gaussian.map(named)]) {
    void test(`on ${backend} ${JSON.stringify(each.config)} of several batches, one without a line, has torch's value for all lines`, async () => {
      await loadBackend(backend);
      const loss = createRunningLoss();
      for (const lines of [
        [0, 2],
        [2, 2],
        [2, 3],
        [3, 5],
      ] as const)
        loss.add(termsOf(each, lines));
      assertClose([loss.value() ?? Number.NaN], [each.value], { tolerance: TOLERANCE, what: 'value' });
    });
  }

  for (const each of golden.gaussian) {
    void test(`on ${backend} GaussianNLLLoss ${JSON.stringify(each.config)} has torch's value and gradients, variances below eps included`, async () => {
      await loadBackend(backend);
      const { eps = 1e-6, full = false, reduction = 'mean' } = each.config;
      const spec: LossSpec = { kind: 'gaussian', eps, full, reduction, scale: 1 };
      const [prediction, variance, target] = [tf.tensor2d(each.prediction), tf.tensor2d(each.variance), targetOf(each)];
      const byPrediction = differentiate(spec, prediction, (given) => ({ prediction: given, target, variance }));
      const byVariance = differentiate(spec, variance, (given) => ({ prediction, target, variance: given }));
      assertClose(byPrediction.value, [each.value], { tolerance: TOLERANCE, what: 'value' });
      assertClose(byPrediction.grads, each.gradient.flat(), { tolerance: TOLERANCE, what: 'gradient' });
      assertClose(byVariance.grads, each.varianceGradient.flat(), { tolerance: TOLERANCE, what: 'gradient of the variance' });
    });
  }
}

void test('a batch without any target that is there has loss 0 and no slope', async () => {
  await loadBackend('wasm');
  const target = tf.tensor2d([Number.NaN, Number.NaN], [2, 1]);
  for (const config of [{ name: 'MaskedMSELoss' }, { name: 'MultiTaskLoss', config: { losses_configs: [{ name: 'MSELoss' }] } }]) {
    const spec = readLoss(config, { key: 'loss_config', columns: 1, hasMolecules: true });
    const { value, grads } = differentiate(spec, tf.ones([2, 1]), (prediction) => ({ prediction, target }));
    assert.deepEqual([...value, ...grads], [0, 0, 0]);
  }
});

/** A golden Gaussian loss, which has no configuration of physicsml's, beside the others. */
function named({ config, ...rest }: GoldenGaussian) {
  return { ...rest, config: { name: 'GaussianNLLLoss', config } };
}

/** What the lines [first, end) of a golden loss add to the loss of all. */
function termsOf(each: GoldenLoss & { readonly variance?: number[][] }, [first, end]: readonly [number, number]): HostLossTerms {
  const columns = each.prediction[0]?.length ?? 0;
  const part = (lines: readonly number[][]) => tf.tensor2d(lines.slice(first, end).flat(), [end - first, columns]);
  const { combine, means } = composedOps().lossTerms(specOf(each.config, columns), {
    prediction: part(each.prediction),
    target: part(each.target.map((line) => line.map((value) => value ?? Number.NaN))),
    nodesPerGraph: tf.tensor2d(golden.atoms.slice(first, end), [end - first, 1]),
    ...(each.variance === undefined ? {} : { variance: part(each.variance) }),
  });
  const scalar = (x: tf.Tensor) => floats(x)[0] ?? Number.NaN;
  return { combine, means: means.map(({ sum, count }) => ({ sum: scalar(sum), count: count === null ? null : scalar(count) })) };
}

function specOf(config: JsonObject, columns: number): LossSpec {
  if (config['name'] !== 'GaussianNLLLoss') return readLoss(config, { key: 'loss_config', columns, hasMolecules: true });
  return { kind: 'gaussian', eps: 1e-6, full: false, reduction: 'mean', scale: 1, ...(config['config'] as GoldenGaussian['config']) };
}

function targetOf({ target }: GoldenLoss): tf.Tensor {
  return tf.tensor2d(target.map((line) => line.map((value) => value ?? Number.NaN)));
}

function differentiate(
  spec: LossSpec,
  x: tf.Tensor,
  data: (x: tf.Tensor) => LossData,
): { readonly value: Float32Array; readonly grads: Float32Array } {
  const { value, grad } = tf.valueAndGrad((given: tf.Tensor) => composedOps().loss(spec, data(given)))(x);
  return { value: floats(value), grads: floats(grad) };
}
