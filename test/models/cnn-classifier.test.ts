import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { loadBackend } from '../../src/kernels/backend.ts';
import { cnnClassifier } from '../../src/models/cnn-classifier.ts';
import { BACKENDS } from '../helpers/backends.ts';
import { random } from '../kernels/conformance/case.ts';
import { assertClose, floats, gradientsOf, hasCode, randomParams, testContext } from './support.ts';

const describe = (config: Parameters<typeof cnnClassifier.describe>[0], inputWidth: number, outputWidth = 3) =>
  cnnClassifier.describe(config, { inputWidth, outputWidth }).tensors;

void test('names and shapes are those of the torch module in the documentation', () => {
  const tensors = describe({ input_shape: [1, 28, 28] }, 784, 5);
  assert.deepEqual(Object.fromEntries(tensors.map(({ path, shape }) => [path, shape])), {
    'features.0.weight': [16, 1, 3, 3],
    'features.0.bias': [16],
    'features.3.weight': [32, 16, 3, 3],
    'features.3.bias': [32],
    'head.1.weight': [64, 32 * 7 * 7],
    'head.1.bias': [64],
    'head.4.weight': [5, 64],
    'head.4.bias': [5],
  });
});

void test('dropout changes no name; batch_norm and pooling 1 move positions as in torch', () => {
  const modules = (config: object) => [
    ...new Set(describe({ input_shape: [1, 8, 8], channels: [2, 3], ...config }, 64).map(({ path }) => path.replace(/\.\w+$/, ''))),
  ];
  assert.deepEqual(modules({ dropout: 0.5 }), modules({}));
  assert.deepEqual(modules({ batch_norm: true }), ['features.0', 'features.1', 'features.4', 'features.5', 'head.1', 'head.4']);
  assert.deepEqual(modules({ pooling: 1 }), ['features.0', 'features.2', 'head.1', 'head.4']);
});

void test('convolutions start uniform within 1 / sqrt(channels * k * k)', () => {
  const weight = describe({ input_shape: [4, 8, 8] }, 256).find(({ path }) => path === 'features.0.weight');
  assert.deepEqual(weight?.initializer, { kind: 'uniform', low: -1 / 6, high: 1 / 6 });
});

void test('an image of another size than the columns, or too small for the convolutions, is an error with the numbers', () => {
  assert.throws(() => describe({ input_shape: [1, 28, 28] }, 783), hasCode('MODEL_CONFIG_INVALID', /784.*783/));
  assert.throws(() => describe({ input_shape: [1, 3, 3] }, 9), hasCode('MODEL_CONFIG_INVALID', /3 x 3 has no pixel left/));
  assert.throws(() => describe({ input_shape: [28, 28] }, 784), hasCode('MODEL_CONFIG_INVALID', /\[channels, height, width\]/));
  assert.throws(() => describe({ input_shape: [1, 8, 8], classes: [0, 1] }, 64, 5), hasCode('MODEL_CONFIG_INVALID', /2.*5/));
});

void test('hyperparameters are strict and have defaults', () => {
  const schema = cnnClassifier.hyperparameters(z);
  assert.equal(schema.safeParse({}).success, false, 'input_shape is required');
  assert.deepEqual(schema.parse({ input_shape: [1, 28, 28] }), {
    input_shape: [1, 28, 28],
    channels: [16, 32],
    kernel_size: 3,
    padding: 1,
    pooling: 2,
    activation: 'ReLU',
    batch_norm: false,
    dropout: 0,
    hidden_dim: 64,
  });
  assert.equal(schema.safeParse({ input_shape: [1, 28, 28], chanels: [3] }).success, false);
});

const config = { input_shape: [2, 4, 6], channels: [3], kernel_size: 3, padding: 1, pooling: 2, hidden_dim: 4, dropout: 0.25 };

for (const backend of BACKENDS) {
  void test(`on ${backend} the forward pass is the convolution, pooling and flattening of torch, step by step`, async () => {
    await loadBackend(backend);
    const params = randomParams(describe(config, 48));
    const input = random([2, 48], 7);
    const outputs = cnnClassifier.forward(params, tf.tensor(input.values, [2, 48]), testContext(config, { mode: 'eval' }).ctx);
    const host = Object.fromEntries(Object.entries(params).map(([path, tensor]) => [path, floats(tensor)]));
    // Sums of at most 36 float32 products against float64.
    assertClose(
      floats(outputs),
      [0, 1].flatMap((row) => torchForward(host, input.values.subarray(row * 48, (row + 1) * 48))),
      {
        tolerance: 1e-5,
        what: 'logits',
      },
    );
  });

  void test(`on ${backend} gradients of the whole model agree with finite differences`, async () => {
    await loadBackend(backend);
    const small = { ...config, activation: 'SiLU', batch_norm: true, dropout: 0.25 };
    const params = randomParams(describe(small, 48));
    const mask = (_path: string, shape: readonly number[]) => tf.tensor(random(shape, 3, [0, 2]).values.map(Math.floor), [...shape]);
    const { ctx } = testContext(small, { mask });
    const inputs = tf.tensor(random([4, 48], 8).values, [4, 48]);
    const targets = tf.tensor1d([0, 2, 1, 0], 'int32');
    const { gradients } = gradientsOf(cnnClassifier, { params, ctx, inputs, targets });
    const lossAt = (path: string, index: number, by: number) =>
      tf.tidy(() => {
        const moved = floats(params[path] as tf.Tensor);
        moved[index] = (moved[index] ?? 0) + by;
        const nudged = { ...params, [path]: tf.tensor(moved, params[path]?.shape) };
        return floats(cnnClassifier.loss(cnnClassifier.forward(nudged, inputs, ctx), targets, ctx.ops, config))[0] ?? Number.NaN;
      });
    for (const [path, gradient] of gradients) {
      for (let index = 0; index < gradient.length; index += Math.ceil(gradient.length / 5)) {
        const slope = (lossAt(path, index, 1e-2) - lossAt(path, index, -1e-2)) / 2e-2;
        // A maximum may change hands within the step, and float32 losses carry 1e-7 / 1e-2.
        assert.ok(
          Math.abs(slope - (gradient[index] ?? Number.NaN)) < 5e-3,
          `${path}[${index}]: ${gradient[index]}, by differences ${slope}`,
        );
      }
    }
  });

  void test(`on ${backend} a step leaves no tensor behind but its gradients`, async () => {
    await loadBackend(backend);
    const params = randomParams(describe(config, 48));
    const { ctx } = testContext(config, { mode: 'eval' });
    const inputs = tf.zeros([2, 48]);
    const targets = tf.zeros([2], 'int32');
    const before = tf.memory().numTensors;
    gradientsOf(cnnClassifier, { params, ctx, inputs, targets });
    assert.equal(tf.memory().numTensors, before);
  });
}

/** The model of `config` in eval mode, in float64 and torch's layouts: image [C = 2, H = 4, W = 6] -> logits. */
function torchForward(params: Readonly<Record<string, Float32Array>>, image: Float32Array): number[] {
  const at = (path: string, index: number) => params[path]?.[index] ?? Number.NaN;
  const pixel = (c: number, h: number, w: number) => (h < 0 || w < 0 || h > 3 || w > 5 ? 0 : (image[(c * 4 + h) * 6 + w] ?? Number.NaN));
  const convolved = (o: number, h: number, w: number) => {
    let sum = at('features.0.bias', o);
    for (let c = 0; c < 2; c++) {
      for (let k = 0; k < 9; k++)
        sum += at('features.0.weight', (o * 2 + c) * 9 + k) * pixel(c, h + Math.floor(k / 3) - 1, w + (k % 3) - 1);
    }
    return Math.max(sum, 0);
  };
  const features: number[] = [];
  for (let o = 0; o < 3; o++) {
    for (let h = 0; h < 2; h++) {
      for (let w = 0; w < 3; w++) {
        features.push(Math.max(...[0, 1].flatMap((i) => [0, 1].map((j) => convolved(o, 2 * h + i, 2 * w + j)))));
      }
    }
  }
  const dense = (path: string, x: readonly number[], outputs: number) =>
    Array.from({ length: outputs }, (_, o) =>
      x.reduce((sum, value, i) => sum + value * at(`${path}.weight`, o * x.length + i), at(`${path}.bias`, o)),
    );
  const hidden = dense('head.1', features, 4).map((value) => Math.max(value, 0));
  return dense('head.4', hidden, 3);
}
