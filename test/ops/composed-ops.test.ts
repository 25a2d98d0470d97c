import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { composedOps } from '../../src/ops/composed-ops.ts';
import type { Activation } from '../../src/ops/ops.ts';
import { BACKENDS } from '../helpers/backends.ts';
import { type GradientCase, outputAndGradients, random, spread } from '../kernels/conformance/case.ts';
import { differenceProblems } from '../kernels/conformance/differences.ts';
import { assertClose, floats, hasCode } from '../models/support.ts';

const ops = composedOps();

/** Values of PyTorch's documented formulae (the others: activations-golden.test.ts) at -2, -0.5, 0, 0.5, 2, computed in float64. */
const ACTIVATION_VALUES: Readonly<Partial<Record<Activation, readonly number[]>>> = {
  ReLU: [0, 0, 0, 0.5, 2],
  SiLU: [-0.238405844, -0.188770334, 0, 0.311229665, 1.761594155],
  GELU: [-0.045500263, -0.154268769, 0, 0.34573123, 1.954499736],
  Tanh: [-0.96402758, -0.462117157, 0, 0.462117157, 0.96402758],
  Sigmoid: [0.119202922, 0.377540668, 0.5, 0.622459331, 0.880797077],
  LeakyReLU: [-0.02, -0.005, 0, 0.5, 2],
  ELU: [-0.864664716, -0.39346934, 0, 0.5, 2],
  Softplus: [0.126928011, 0.474076984, Math.LN2, 0.974076984, 2.126928011],
  Identity: [-2, -0.5, 0, 0.5, 2],
};

const names = Object.keys(ACTIVATION_VALUES) as Activation[];

const gradientCases: readonly GradientCase[] = [
  ...names.map((name) => ({
    name: `linear with ${name}`,
    inputs: [random([3, 5], 1), random([4, 5], 2), random([4], 3)],
    f: (x: tf.Tensor, w: tf.Tensor, b: tf.Tensor) => ops.linear(x, w, b, name),
    smooth: name !== 'ReLU' && name !== 'LeakyReLU' && name !== 'ELU',
  })),
  ...names.map((name) => ({
    name: `activation ${name}`,
    inputs: [spread([4, 5], 4)],
    f: (x: tf.Tensor) => ops.activation(x, name),
    smooth: true,
  })),
  {
    name: 'linear without bias',
    inputs: [random([3, 5], 5), random([1, 5], 6)],
    f: (x, w) => ops.linear(x, w, null),
    smooth: true,
  },
  {
    name: 'conv2d',
    inputs: [random([2, 5, 4, 3], 7), random([2, 3, 3, 3], 8), random([2], 9)],
    f: (x, w, b) => ops.conv2d(x, w, b, { stride: 1, padding: 1 }),
    smooth: true,
  },
  {
    name: 'conv2d, stride 2, kernel of unequal sides',
    inputs: [random([1, 6, 5, 2], 10), random([3, 2, 1, 3], 11)],
    f: (x, w) => ops.conv2d(x, w, null, { stride: 2, padding: 1 }),
    smooth: true,
  },
  { name: 'maxPool2d', inputs: [spread([1, 5, 5, 2], 12)], f: (x) => ops.maxPool2d(x, 2, 2), smooth: true },
  {
    name: 'batchNorm with the statistics of its input',
    inputs: [random([6, 3], 13), random([3], 14), random([3], 15)],
    f: (x, weight, bias) => {
      return ops.batchNorm(x, ops.moments(x), { weight: weight, bias: bias }, 1e-5);
    },
    smooth: true,
  },
  {
    name: 'batchNorm of images with given statistics',
    inputs: [random([2, 3, 2, 2], 16), random([2], 17), random([2], 18, [0.5, 2])],
    f: (x, mean, variance) => ops.batchNorm(x, { mean: mean, variance: variance }, null, 1e-5),
    smooth: true,
  },
  {
    name: 'images and back',
    inputs: [random([2, 24], 19)],
    f: (x) => tf.square(ops.flattenImages(ops.toImages(x, { channels: 3, height: 2, width: 4 }))),
    smooth: true,
  },
  {
    name: 'reshape, one length left open',
    inputs: [random([4, 3], 24), random([2, 6], 25)],
    f: (x, w) => ops.linear(ops.reshape(x, [-1, 6]), w, null),
    smooth: true,
  },
  {
    name: 'dropout',
    inputs: [random([2, 3], 20)],
    f: (x) => ops.dropout(x, tf.tensor2d([1, 0, 1, 1, 1, 0], [2, 3]), 0.3),
    smooth: true,
  },
  {
    name: 'mseLoss',
    inputs: [random([3, 2], 21), random([3, 2], 22)],
    f: (x, y) => ops.mseLoss(x, y),
    smooth: true,
  },
  {
    name: 'crossEntropy',
    inputs: [random([4, 3], 23)],
    f: (x) => ops.crossEntropy(x, tf.tensor1d([2, 0, 1, 1], 'int32')),
    smooth: true,
  },
];

for (const backend of BACKENDS) {
  void test(`on ${backend} every operation's gradient agrees with finite differences`, async () => {
    await loadBackend(backend);
    const problems = gradientCases.filter(({ smooth }) => smooth).flatMap((each) => differenceProblems(each, outputAndGradients(each)));
    assert.deepEqual(problems, []);
  });

  void test(`on ${backend} activations have PyTorch's values`, async () => {
    await loadBackend(backend);
    const x = tf.tensor1d([-2, -0.5, 0, 0.5, 2]);
    for (const name of names) {
      // erf in tfjs is an approximation with an absolute error of 1.5e-7; the rest is rounding.
      assertClose(floats(ops.activation(x, name)), ACTIVATION_VALUES[name] ?? [], { tolerance: 3e-7, what: `${name} on ${backend}` });
    }
  });

  void test(`on ${backend} conv2d reads PyTorch's weight layout`, async () => {
    await loadBackend(backend);
    // x[0, h, w, c] = 10 h + w + 100 c; weight [O = 1, C = 2, 1, 2]: channel 0 takes (1, 2), channel 1 takes (0, -1).
    const x = tf.tensor4d([0, 100, 1, 101, 2, 102, 10, 110, 11, 111, 12, 112], [1, 2, 3, 2]);
    const weight = tf.tensor4d([1, 2, 0, -1], [1, 2, 1, 2]);
    const y = ops.conv2d(x, weight, tf.tensor1d([0.5]), { stride: 1, padding: 0 });
    assert.deepEqual(y.shape, [1, 2, 2, 1]);
    // (0 + 2 - 101, 1 + 4 - 102), (10 + 22 - 111, 11 + 24 - 112), plus the bias.
    assert.deepEqual([...floats(y)], [-98.5, -96.5, -78.5, -76.5]);
  });

  void test(`on ${backend} cross entropy is stable for large logits`, async () => {
    await loadBackend(backend);
    const loss = ops.crossEntropy(tf.tensor2d([1000, 0, -1000, 0, 1000, 0], [2, 3]), tf.tensor1d([0, 0], 'int32'));
    assert.equal(floats(loss)[0], 500);
  });

  void test(`on ${backend} running statistics follow torch: momentum, unbiased variance, count`, async () => {
    await loadBackend(backend);
    const running = { mean: tf.tensor1d([1]), variance: tf.tensor1d([2]), count: tf.scalar(4, 'int32') };
    const next = ops.runningStatistics(running, { mean: tf.tensor1d([3]), variance: tf.tensor1d([5]) }, { momentum: 0.1, samples: 6 });
    assertClose(floats(next.mean), [0.9 * 1 + 0.1 * 3], { tolerance: 1e-6, what: 'mean' });
    assertClose(floats(next.variance), [0.9 * 2 + (0.1 * 5 * 6) / 5], { tolerance: 1e-6, what: 'variance' });
    assert.deepEqual([next.count.dtype, ...floats(next.count)], ['int32', 5]);
  });

  void test(`on ${backend} images are channels-last inside and C, H, W outside`, async () => {
    await loadBackend(backend);
    const x = tf.tensor2d([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [1, 12]);
    const images = ops.toImages(x, { channels: 2, height: 2, width: 3 });
    assert.deepEqual(images.shape, [1, 2, 3, 2]);
    assert.deepEqual([...floats(images)], [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11]);
    assert.deepEqual([...floats(ops.flattenImages(images))], [...floats(x)]);
  });
}

void test('batch normalisation keeps its precision when the mean is large against the spread', async () => {
  await loadBackend('wasm');
  const x = tf.tensor2d([1000, 1001, 1002, 1003], [4, 1]);
  const y = ops.batchNorm(x, ops.moments(x), null, 1e-5);
  // (x - 1001.5) / sqrt(1.25 + 1e-5)
  assertClose(floats(y), [-1.3416354, -0.4472118, 0.4472118, 1.3416354], { tolerance: 1e-6, what: 'normalised' });
});

void test('losses refuse targets of another shape or type instead of broadcasting them', async () => {
  await loadBackend('wasm');
  assert.throws(() => ops.mseLoss(tf.zeros([3, 1]), tf.zeros([3])), hasCode('INTERNAL', /\[3, 1\].*\[3\]/));
  assert.throws(() => ops.crossEntropy(tf.zeros([3, 2]), tf.zeros([3])), hasCode('INTERNAL', /int32/));
});
