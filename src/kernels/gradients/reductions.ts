import * as tf from '@tensorflow/tfjs-core';
import { type GradientTable, gradient } from './gradient.ts';

type Axes = number | readonly number[] | null | undefined;

/** Gradients of reductions, softmax and running sums. */
export const reductionGradients: GradientTable = {
  Sum: gradient(['x'], (dy, { x }, { axis }: { readonly axis: Axes }) => ({
    x: () => tf.mul(keptAxes(dy, x.shape, axis), tf.ones(x.shape)),
  })),
  Mean: gradient(['x'], (dy, { x }, { axis }: { readonly axis: Axes }) => ({
    x: () => {
      const count = x.size / Math.max(dy.size, 1);
      return tf.mul(tf.mul(keptAxes(dy, x.shape, axis), tf.scalar(1 / count)), tf.ones(x.shape));
    },
  })),
  Max: gradient(['x', 'y'], (dy, { x, y }, { reductionIndices }: { readonly reductionIndices: Axes }) => ({
    x: () => ofExtremum(dy, { x, y, axis: reductionIndices }),
  })),
  Min: gradient(['x', 'y'], (dy, { x, y }, { axis }: { readonly axis: Axes }) => ({ x: () => ofExtremum(dy, { x, y, axis }) })),
  Cumsum: gradient([], (dy, _saved, attrs: { readonly axis: number; readonly exclusive: boolean; readonly reverse: boolean }) => ({
    x: () => tf.cumsum(dy, attrs.axis, attrs.exclusive, !attrs.reverse),
  })),
  Softmax: gradient(['y'], (dy, { y }, { dim }: { readonly dim: number }) => ({
    logits: () => {
      const weighted = tf.mul(dy, y);
      return tf.sub(weighted, tf.mul(tf.sum(weighted, dim, true), y));
    },
  })),
};

/** Every element that equals the extremum y receives the whole gradient, as in tfjs-core. */
function ofExtremum(dy: tf.Tensor, { x, y, axis }: { readonly x: tf.Tensor; readonly y: tf.Tensor; readonly axis: Axes }): tf.Tensor {
  const reached = tf.cast(tf.equal(x, keptAxes(y, x.shape, axis)), 'float32');
  return tf.mul(keptAxes(dy, x.shape, axis), reached);
}

/** The reduced tensor with its reduced axes back, of length 1, so that it broadcasts against the input. */
function keptAxes(reduced: tf.Tensor, shape: readonly number[], axis: Axes): tf.Tensor {
  const axes = tf.util.parseAxisParam(axis as number | number[], [...shape]);
  return tf.reshape(
    reduced,
    shape.map((length, index) => (axes.includes(index) ? 1 : length)),
  );
}
