import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { RootstockError } from '../../../src/errors.ts';
import { loadBackend } from '../../../src/kernels/backend.ts';
import { random, toTensor } from '../conformance/case.ts';

before(async () => {
  await loadBackend('wasm');
});

const values = (tensor: tf.Tensor) => [...tensor.dataSync()];
const kernel = (name: string, inputs: Record<string, tf.Tensor>, attrs: object) =>
  tf.engine().runKernel<tf.Tensor>(name, inputs, attrs as Record<string, never>);
const hasCode = (code: string) => (error: unknown) => error instanceof RootstockError && error.code === code;

void test('a tensor reshaped and used again as a right side is multiplied by its new shape', () => {
  const b = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
  assert.deepEqual(values(tf.matMul(tf.ones([1, 2]), b)), [5, 7, 9]);
  assert.deepEqual(values(tf.matMul(tf.ones([1, 3]), tf.reshape(b, [3, 2]))), [9, 12]);
  assert.deepEqual(values(tf.matMul(tf.ones([1, 6]), tf.reshape(b, [6, 1]))), [21]);
  assert.deepEqual(values(tf.matMul(tf.ones([1, 2]), b)), [5, 7, 9]);
});

void test('a matrix of one row transposed and then used as it is gives both products', () => {
  const row = tf.tensor2d([1, 2, 3], [1, 3]);
  assert.deepEqual(values(tf.matMul(tf.tensor2d([1, 1, 1], [1, 3]), row, false, true)), [6]);
  assert.deepEqual(values(tf.matMul(tf.tensor2d([2], [1, 1]), row)), [2, 4, 6]);
});

void test('matMul broadcasts leading axes that differ on both sides', () => {
  const a = toTensor(random([2, 1, 3, 4], 1));
  const b = toTensor(random([3, 4, 2], 2));
  const product = tf.matMul(a, b);
  assert.deepEqual(product.shape, [2, 3, 3, 2]);
  for (const i of [0, 1]) {
    for (const j of [0, 1, 2]) {
      const one = tf.matMul(
        tf.reshape(tf.slice(a, [i, 0, 0, 0], [1, 1, 3, 4]), [3, 4]),
        tf.reshape(tf.slice(b, [j, 0, 0], [1, 4, 2]), [4, 2]),
      );
      assert.deepEqual(values(tf.slice(product, [i, j, 0, 0], [1, 1, 3, 2])), values(one));
    }
  }
});

void test('the fused product adds bias once and applies each activation', () => {
  const a = toTensor(random([2, 5, 60], 3));
  const b = toTensor(random([2, 4, 60], 4));
  const bias = toTensor(random([4], 5));
  const plain = tf.add(tf.matMul(a, b, false, true), bias);
  const expected = {
    linear: plain,
    relu: tf.relu(plain),
    relu6: tf.relu6(plain),
    elu: tf.elu(plain),
    sigmoid: tf.sigmoid(plain),
    leakyrelu: tf.leakyRelu(plain, 0.3),
  };
  for (const [activation, reference] of Object.entries(expected)) {
    const attrs = { transposeA: false, transposeB: true, activation, leakyreluAlpha: 0.3 };
    assert.deepEqual(values(kernel('_FusedMatMul', { a, b, bias }, attrs)), values(reference), activation);
  }
});

void test('a clone shares its data and outlives the original', () => {
  const x = tf.tensor1d([1, 2, 3]);
  const copy = tf.clone(x);
  assert.equal(copy.dataId, x.dataId);
  x.dispose();
  assert.deepEqual(values(copy), [1, 2, 3]);
});

void test('maxPoolWithArgmax finds maxima and positions of negative pixels, in the image or in the batch', () => {
  const x = tf.tensor4d([-4, -3, -2, -1, -5, -6, -7, -8], [2, 2, 2, 1]);
  const pooled = (inBatch: boolean) => {
    const { result, indexes } = tf.maxPoolWithArgmax(x, 2, 2, 'valid', inBatch);
    return [result, indexes].map((tensor) => (tensor === undefined ? [] : values(tensor)));
  };
  assert.deepEqual(pooled(false), [
    [-1, -5],
    [3, 0],
  ]);
  assert.deepEqual(pooled(true), [
    [-1, -5],
    [3, 4],
  ]);
});

void test('of equal maxima the first receives the gradient', () => {
  const gradient = tf.grad((x: tf.Tensor) => tf.sum(tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid')))(tf.zeros([1, 2, 2, 1]));
  assert.deepEqual(values(gradient), [1, 0, 0, 0]);
});

void test('a 3-D window of unequal sides sends its gradient to its maximum', () => {
  const x = tf.tensor5d([-9, -8, -1, -7, -6, -5], [1, 1, 2, 3, 1]);
  const gradient = tf.grad((volume: tf.Tensor) => tf.sum(tf.maxPool3d(volume as tf.Tensor5D, [1, 2, 3], 1, 'valid')))(x);
  assert.deepEqual(values(gradient), [0, 0, 1, 0, 0, 0]);
});

void test('padding same with a stride larger than the kernel skips rows', () => {
  // Row r holds r + 1; a 1 x 3 window of ones at rows 0 and 3, columns 0, 3 and 6 (one zero beside the first and the last).
  const x = tf.mul<tf.Tensor4D>(tf.reshape(tf.range(1, 6), [1, 5, 1, 1]), tf.ones([1, 5, 7, 1]));
  const filter = tf.ones<tf.Rank.R4>([1, 3, 1, 1]);
  const expected = [2, 3, 2, 8, 12, 8];
  assert.deepEqual(values(tf.conv2d(x, filter, 3, 'same')), expected);
  assert.deepEqual(values(tf.depthwiseConv2d(x, filter, 3, 'same')), expected);
  assert.deepEqual(values(tf.fused.conv2d({ x, filter, strides: 3, pad: 'same' })), expected);
  assert.deepEqual(values(tf.fused.depthwiseConv2d({ x, filter, strides: 3, pad: 'same' })), expected);
});

void test('the depthwise gradients honour dilation: they are the adjoints of the forward pass', () => {
  const x = toTensor(random([1, 7, 6, 2], 6)) as tf.Tensor4D;
  const filter = toTensor(random([3, 2, 2, 2], 7)) as tf.Tensor4D;
  const attrs = { strides: [1, 1], dilations: [2, 2], pad: 'same' };
  const y = tf.depthwiseConv2d(x, filter, 1, 'same', 'NHWC', 2);
  const dy = toTensor(random(y.shape, 8));
  const dot = (a: tf.Tensor, b: tf.Tensor) => values(tf.sum(tf.mul(a, b)))[0] ?? Number.NaN;
  const dx = kernel('DepthwiseConv2dNativeBackpropInput', { dy, filter }, { ...attrs, inputShape: x.shape });
  const dFilter = kernel('DepthwiseConv2dNativeBackpropFilter', { x, dy }, { ...attrs, filterShape: filter.shape });
  // <dy, A x> = <A^T dy, x>, and the same in the filter; 168 products in float32.
  assert.ok(Math.abs(dot(dy, y) - dot(dx, x)) < 1e-4);
  assert.ok(Math.abs(dot(dy, y) - dot(dFilter, filter)) < 1e-4);
});

void test('the sum of nothing is zero, whatever the memory held', () => {
  // Memory of this size is handed out again.
  tf.tensor1d([1, 2, 3, 4]).dispose();
  const empty = tf.zeros([0, 4]);
  assert.deepEqual([...tf.sum(empty, 0).dataSync()], [0, 0, 0, 0]);
  assert.deepEqual([...tf.sum(empty).dataSync()], [0]);
  assert.deepEqual(tf.sum(empty, 1).shape, [0]);
  assert.deepEqual(tf.sum(empty, 0, true).shape, [1, 4]);
});

void test('an index outside the rows is an error', () => {
  assert.throws(() => tf.gather(tf.ones([3, 2]), tf.tensor1d([0, 3], 'int32')), hasCode('INTERNAL'));
});

void test('what no kernel computes rightly is refused by name', () => {
  const x = tf.ones([1, 2, 4, 4]);
  const dy = tf.ones([1, 3, 4, 4]);
  const attrs = { strides: [1, 1], pad: 'same', dataFormat: 'NCHW', filterShape: [3, 3, 2, 3] };
  assert.throws(() => kernel('Conv2DBackpropFilter', { x, dy }, attrs), hasCode('KERNEL_MISSING'));
  const ids = tf.tensor2d([0, 0], [1, 2], 'int32');
  assert.throws(() => kernel('UnsortedSegmentSum', { x: tf.ones([1, 2]), segmentIds: ids }, { numSegments: 1 }), hasCode('KERNEL_MISSING'));
});

void test('gradients that tfjs computes wrongly or not at all are refused by name', () => {
  const x = tf.ones<tf.Rank.R4>([1, 5, 5, 1]);
  const filter = tf.ones<tf.Rank.R4>([2, 2, 1, 1]);
  const dilated = () => tf.grad((w: tf.Tensor) => tf.sum(tf.conv2d(x, w as tf.Tensor4D, 1, 'valid', 'NHWC', 2)))(filter);
  const padded = () => tf.grad((image: tf.Tensor) => tf.sum(tf.avgPool(image as tf.Tensor4D, 2, 2, 'same')))(x);
  assert.throws(dilated, hasCode('KERNEL_MISSING'));
  assert.throws(padded, hasCode('KERNEL_MISSING'));
});
