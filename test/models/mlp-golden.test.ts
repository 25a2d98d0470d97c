import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { mlpRegressor } from '../../src/models/mlp-regressor.ts';
import { BACKENDS } from '../helpers/backends.ts';
import { assertClose, floats, gradientsOf, readGoldenJson, readGoldenParams, testContext } from './support.ts';

/** Relative to the largest value of each tensor: float32 sums of at most 16 rows in another order than torch's. */
const TOLERANCE = 1e-5;

const config = { input_dim: 4, num_layers: 3, hidden_dim: 8, num_tasks: 1 };
const data = readGoldenJson('b_mlp/data.json') as { readonly x: number[][]; readonly y: number[] };
const transferred = readGoldenJson('c_mlp/targets.json') as { readonly y: number[] };

/** Golden cases: rows of the first optimizer step, and what they were trained on. */
const CASES = [
  { name: 'b_mlp/adamw_cosine', rows: 8, y: data.y },
  { name: 'b_mlp/sgd_nesterov_steplr_epoch', rows: 8, y: data.y },
  // Two batches of 8 are accumulated; their averaged gradient is that of 16 rows.
  { name: 'b_mlp/adam_amsgrad_clip_accum2', rows: 16, y: data.y },
  { name: 'c_mlp/stage1', rows: 8, y: transferred.y },
  { name: 'c_mlp/stage2', rows: 16, y: transferred.y },
] as const;

for (const backend of BACKENDS) {
  for (const { name, rows, y } of CASES) {
    void test(`on ${backend} the first gradients of ${name} are molflux's`, async () => {
      await loadBackend(backend);
      const params = await readGoldenParams(`${name}/init.safetensors`);
      const expected = await readGoldenParams(`${name}/grad_step1.safetensors`);
      const { gradients } = gradientsOf(mlpRegressor, {
        params,
        ctx: testContext(config).ctx,
        inputs: tf.tensor2d(data.x.slice(0, rows)),
        targets: tf.tensor2d(y.slice(0, rows), [rows, 1]),
      });
      for (const [path, gradient] of Object.entries(expected)) {
        assertClose(gradients.get(path) ?? [], floats(gradient), { tolerance: TOLERANCE, what: path });
      }
    });
  }

  for (const { name } of CASES.filter((each) => each.name.startsWith('b_mlp'))) {
    void test(`on ${backend} the predictions of ${name} are molflux's`, async () => {
      await loadBackend(backend);
      const params = await readGoldenParams(`${name}/final.safetensors`);
      const [expected = []] = Object.values(readGoldenJson(`${name}/predictions_final.json`) as Readonly<Record<string, number[]>>);
      const outputs = tf.tidy(() => mlpRegressor.forward(params, tf.tensor2d(data.x), testContext(config, { mode: 'eval' }).ctx));
      assertClose(floats(outputs), expected, { tolerance: TOLERANCE, what: 'predictions' });
    });
  }
}
