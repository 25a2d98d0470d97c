import * as tf from '@tensorflow/tfjs-core';
import { type GradientCase, type HostTensor, random, spread } from './case.ts';

/** Reductions, shapes and indices. */
export const structureCases: readonly GradientCase[] = [
  one('sum of all', random([3, 4], 1), (x) => tf.square(tf.sum(x))),
  one('sum of the last axis', random([3, 4], 2), (x) => tf.sum(x, 1)),
  one('sum of the first axis', random([7, 5], 3), (x) => tf.square(tf.sum(x, 0))),
  one('sum of leading axes, kept', random([3, 4, 5], 4), (x) => tf.square(tf.sum(x, [0, 1], true))),
  one('sum of a middle axis', random([3, 4, 5], 5), (x) => tf.square(tf.sum(x, 1))),
  one('sum of outer axes', random([3, 4, 5], 6), (x) => tf.square(tf.sum(x, [-1, 0]))),
  one('mean of all', random([3, 4], 7), (x) => tf.square(tf.mean(x))),
  one('mean of an axis, kept', random([3, 4], 8), (x) => tf.square(tf.mean(x, 0, true))),
  one('max', spread([3, 4], 9), (x) => tf.max(x, 1)),
  one('max of all', spread([3, 4], 10), (x) => tf.max(x)),
  one('min', spread([3, 4], 11), (x) => tf.min(x, 0)),
  one('logSumExp', random([3, 4], 12), (x) => tf.logSumExp(x, 1)),
  one('moments', random([3, 4], 13), (x) => tf.moments(x, 0).variance),
  one('cumsum', random([3, 4], 14), (x) => tf.square(tf.cumsum(x, 1))),
  one('cumsum, exclusive and reversed', random([3, 4], 15), (x) => tf.square(tf.cumsum(x, 0, true, true))),
  one('softmax', random([3, 4], 16), (x) => tf.square(tf.softmax(x))),
  one('logSoftmax', random([3, 4], 17), (x) => tf.logSoftmax(x)),
  one('softmax cross entropy', random([3, 4], 18), (x) => tf.neg(tf.sum(tf.mul(tf.logSoftmax(x), tf.oneHot(classes(), 4))))),
  one('reshape', random([3, 4], 19), (x) => tf.square(tf.reshape(x, [2, 6]))),
  one('expandDims', random([3, 4], 20), (x) => tf.square(tf.expandDims(x, 1))),
  one('transpose', random([3, 4, 2], 21), (x) => tf.transpose(x, [2, 0, 1])),
  one('transpose of four axes', random([2, 3, 4, 2], 22), (x) => tf.transpose(x, [3, 1, 2, 0])),
  one('transpose of axes of length one', random([3, 1, 4], 23), (x) => tf.transpose(x, [1, 0, 2])),
  one('reverse', random([3, 4], 24), (x) => tf.reverse(x, 1)),
  one('slice', random([3, 4, 5], 25), (x) => tf.square(tf.slice(x, [1, 0, 2], [2, 3, -1]))),
  one('slice of long rows', random([3, 80], 26), (x) => tf.slice(x, [1, 5], [2, 70])),
  one('split', random([3, 6], 27), (x) => {
    const [a, b] = tf.split(x, 2, 1) as [tf.Tensor, tf.Tensor];
    return tf.mul(a, b);
  }),
  one('split into unequal parts', random([7, 3], 28), (x) => {
    const [a, , c] = tf.split(x, [2, 3, 2], 0) as [tf.Tensor, tf.Tensor, tf.Tensor];
    return tf.mul(a, c);
  }),
  one('unstack', random([3, 4], 29), (x) => {
    const [a, b] = tf.unstack(x) as [tf.Tensor, tf.Tensor];
    return tf.mul(a, b);
  }),
  one('pad', random([3, 4], 30), (x) =>
    tf.square(
      tf.pad(x, [
        [1, 2],
        [2, 0],
      ]),
    ),
  ),
  one('tile', random([3, 4], 31), (x) => tf.square(tf.tile(x, [2, 3]))),
  one('broadcastTo', random([1, 4], 32), (x) => tf.square(tf.broadcastTo(x, [3, 4]))),
  two('concat of columns', [random([3, 4], 33), random([3, 2], 34)], (a, b) => tf.square(tf.concat([a, b], 1))),
  two('concat of rows', [random([3, 4], 35), random([2, 4], 36)], (a, b) => tf.square(tf.concat([a, b, a], 0))),
  two('concat of long rows', [random([2, 40], 37), random([2, 50], 38)], (a, b) => tf.concat([a, b], -1)),
  two('stack', [random([3, 4], 39), random([3, 4], 40)], (a, b) => tf.square(tf.stack([a, b], 1))),
  one('gather rows', random([5, 4], 41), (x) => tf.square(tf.gather(x, indices([0, 2, 2, 4])))),
  one('gather long rows', random([5, 40], 42), (x) => tf.gather(x, indices([4, 0, 0]))),
  one('gather by a table of indices', random([5, 4], 43), (x) => tf.gather(x, tf.tensor2d([1, 1, 3, 0], [2, 2], 'int32'))),
  one('gather of another axis', random([3, 5, 2], 44), (x) => tf.square(tf.gather(x, indices([0, 2, 2]), 1))),
  one('unsortedSegmentSum', random([5, 4], 45), (x) => tf.square(tf.unsortedSegmentSum(x, indices([0, 1, 1, 2, 0]), 3))),
  one('unsortedSegmentSum with rows left out', random([5, 2, 3], 46), (x) => tf.unsortedSegmentSum(x, indices([0, -1, 1, 1, 0]), 4)),
];

function classes(): tf.Tensor1D {
  return indices([0, 3, 1]);
}

function indices(values: readonly number[]): tf.Tensor1D {
  return tf.tensor1d([...values], 'int32');
}

function one(name: string, input: HostTensor, f: (x: tf.Tensor) => tf.Tensor): GradientCase {
  return { name, inputs: [input], f: (...xs) => f(xs[0] as tf.Tensor), smooth: true };
}

function two(name: string, inputs: readonly [HostTensor, HostTensor], f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): GradientCase {
  return { name, inputs, f: (...xs) => f(xs[0] as tf.Tensor, xs[1] as tf.Tensor), smooth: true };
}
