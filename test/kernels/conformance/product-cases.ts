import * as tf from '@tensorflow/tfjs-core';
import { type GradientCase, type HostTensor, random, spread } from './case.ts';

type Four = tf.Tensor4D;
type Five = tf.Tensor5D;
const pads = (top: number, bottom: number, left: number, right: number) =>
  [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ] as [[number, number], [number, number], [number, number], [number, number]];

/** Matrix products, convolutions and pooling. */
export const productCases: readonly GradientCase[] = [
  two('matMul', [random([3, 4], 1), random([4, 5], 2)], (a, b) => tf.matMul(a, b)),
  two('matMul, first transposed', [random([4, 3], 3), random([4, 5], 4)], (a, b) => tf.matMul(a, b, true, false)),
  two('matMul, second transposed', [random([3, 4], 5), random([5, 4], 6)], (a, b) => tf.matMul(a, b, false, true)),
  two('matMul, both transposed', [random([4, 3], 7), random([5, 4], 8)], (a, b) => tf.matMul(a, b, true, true)),
  two('matMul with a long inner axis', [random([3, 100], 9), random([100, 5], 10)], (a, b) => tf.matMul(a, b)),
  two('matMul to one column', [random([6, 4], 11), random([1, 4], 12)], (a, b) => tf.matMul(a, b, false, true)),
  two('matMul in batches', [random([2, 3, 4], 13), random([2, 4, 5], 14)], (a, b) => tf.matMul(a, b)),
  two('matMul in batches, second transposed', [random([2, 3, 4], 15), random([2, 5, 4], 16)], (a, b) => tf.matMul(a, b, false, true)),
  two('matMul in batches of batches, first transposed', [random([2, 2, 4, 3], 17), random([2, 2, 4, 5], 18)], (a, b) =>
    tf.matMul(a, b, true, false),
  ),
  two('matMul of one matrix with a batch', [random([2, 3, 4], 19), random([1, 4, 5], 20)], (a, b) => tf.matMul(a, b)),
  two('a tensor on both sides of a product, reshaped', [random([3, 4], 21), random([4, 3], 22)], (a, b) =>
    tf.matMul(tf.matMul(a, b), tf.matMul(tf.reshape(b, [3, 4]), tf.reshape(a, [4, 3]))),
  ),
  conv('conv2d, same', [random([2, 6, 6, 3], 23), random([3, 3, 3, 4], 24)], (x, w) => tf.conv2d(x, w, 1, 'same')),
  conv('conv2d, valid', [random([2, 6, 5, 3], 25), random([3, 2, 3, 4], 26)], (x, w) => tf.conv2d(x, w, 1, 'valid')),
  conv('conv2d, one channel', [random([2, 5, 5, 1], 27), random([3, 3, 1, 2], 28)], (x, w) => tf.conv2d(x, w, 1, 'same')),
  conv('conv2d, wide padding', [random([1, 4, 4, 2], 29), random([3, 3, 2, 2], 30)], (x, w) => tf.conv2d(x, w, 1, pads(3, 3, 3, 3))),
  conv('conv2d, uneven padding', [random([1, 5, 4, 2], 31), random([3, 3, 2, 2], 32)], (x, w) => tf.conv2d(x, w, 1, pads(2, 0, 0, 1))),
  conv('conv2d, stride 2, same', [random([2, 7, 7, 3], 33), random([3, 3, 3, 4], 34)], (x, w) => tf.conv2d(x, w, 2, 'same')),
  conv('conv2d, stride 2 that leaves a rest', [random([2, 8, 6, 2], 35), random([3, 3, 2, 3], 36)], (x, w) => tf.conv2d(x, w, 2, 'valid')),
  conv('conv2d, stride 3 and padding', [random([1, 7, 7, 2], 37), random([2, 2, 2, 3], 38)], (x, w) =>
    tf.conv2d(x, w, 3, pads(1, 1, 1, 1)),
  ),
  conv('conv2d, 1 x 1', [random([2, 4, 4, 3], 39), random([1, 1, 3, 4], 40)], (x, w) => tf.conv2d(x, w, 1, 'same')),
  conv('conv2d, 1 x 1, stride 2', [random([2, 5, 5, 3], 41), random([1, 1, 3, 4], 42)], (x, w) => tf.conv2d(x, w, 2, 'valid')),
  conv('conv2d, 1 x 1, padded', [random([1, 3, 3, 2], 43), random([1, 1, 2, 3], 44)], (x, w) => tf.conv2d(x, w, 1, pads(1, 1, 1, 1))),
  conv('conv2dTranspose', [random([2, 3, 3, 4], 45), random([3, 3, 3, 4], 46)], (x, w) =>
    tf.conv2dTranspose(x, w, [2, 6, 6, 3], 2, 'same'),
  ),
  conv('conv1d', [random([2, 1, 6, 3], 47), random([1, 3, 3, 4], 48)], (x, w) =>
    tf.conv1d(tf.reshape<tf.Rank.R3>(x, [2, 6, 3]), tf.reshape<tf.Rank.R3>(w, [3, 3, 4]), 1, 'same'),
  ),
  conv('depthwiseConv2d', [random([2, 5, 5, 3], 49), random([3, 3, 3, 1], 50)], (x, w) => tf.depthwiseConv2d(x, w, 1, 'same')),
  conv('depthwiseConv2d, multiplier 2', [random([2, 5, 5, 3], 51), random([3, 3, 3, 2], 52)], (x, w) =>
    tf.depthwiseConv2d(x, w, 1, 'valid'),
  ),
  conv('depthwiseConv2d, stride 2', [random([2, 7, 6, 3], 53), random([3, 3, 3, 1], 54)], (x, w) => tf.depthwiseConv2d(x, w, 2, 'same')),
  two('conv3d', [random([1, 4, 4, 4, 2], 57), random([2, 2, 2, 2, 3], 58)], (x, w) => tf.conv3d(x as Five, w as Five, 1, 'same')),
  two('conv3d, stride 2', [random([1, 5, 4, 5, 2], 59), random([2, 3, 2, 2, 2], 60)], (x, w) => tf.conv3d(x as Five, w as Five, 2, 'same')),
  pool('maxPool', [2, 6, 6, 3], (x) => tf.maxPool(x, 2, 2, 'valid')),
  pool('maxPool that leaves a rest', [2, 7, 5, 2], (x) => tf.maxPool(x, 2, 2, 'valid')),
  pool('maxPool, overlapping', [1, 6, 6, 2], (x) => tf.maxPool(x, 3, 2, 'same')),
  pool('maxPool of negative pixels', [1, 4, 4, 2], (x) => tf.maxPool(tf.sub(x, tf.scalar(9)), 2, 2, 'valid')),
  pool('avgPool', [2, 6, 6, 3], (x) => tf.square(tf.avgPool(x, 2, 2, 'valid'))),
  pool('avgPool, overlapping', [1, 7, 5, 2], (x) => tf.avgPool(x, 3, 2, 'valid')),
  volume('maxPool3d of negative voxels', (x) => tf.maxPool3d(tf.sub(x, tf.scalar(9)), 2, 2, 'valid')),
  volume('maxPool3d, overlapping', (x) => tf.maxPool3d(x, 3, 2, 'same')),
  volume('avgPool3d', (x) => tf.avgPool3d(x, 2, 2, 'valid')),
  two('dilation2d of negative pixels', [shifted(spread([1, 5, 5, 2], 61), -9), random([3, 3, 2], 62, [0, 0.01])], (x, w) =>
    tf.dilation2d(x as Four, w as tf.Tensor3D, 1, 'same'),
  ),
  two('dilation2d, stride 2', [spread([1, 6, 6, 2], 63), random([2, 2, 2], 64, [0, 0.01])], (x, w) =>
    tf.dilation2d(x as Four, w as tf.Tensor3D, 2, 'valid'),
  ),
];

function two(name: string, inputs: readonly [HostTensor, HostTensor], f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): GradientCase {
  return { name, inputs, f: (...xs) => f(xs[0] as tf.Tensor, xs[1] as tf.Tensor), smooth: true };
}

function conv(name: string, inputs: readonly [HostTensor, HostTensor], f: (x: Four, w: Four) => tf.Tensor): GradientCase {
  return two(name, inputs, (x, w) => f(x as Four, w as Four));
}

function pool(name: string, shape: readonly number[], f: (x: Four) => tf.Tensor): GradientCase {
  return { name, inputs: [spread(shape, 65)], f: (...xs) => f(xs[0] as Four), smooth: true };
}

function volume(name: string, f: (x: Five) => tf.Tensor): GradientCase {
  return { name, inputs: [spread([1, 4, 4, 4, 2], 66)], f: (...xs) => f(xs[0] as Five), smooth: true };
}

function shifted({ shape, values }: HostTensor, by: number): HostTensor {
  return { shape, values: values.map((value) => value + by) };
}
