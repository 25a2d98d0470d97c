import * as tf from '@tensorflow/tfjs-core';
import { type GradientTable, gradient, listGradient, manyOutputsGradient, refuseGradient } from './gradient.ts';

/** Gradients of operations that move, repeat or pick elements. */
export const shapeGradients: GradientTable = {
  Reshape: gradient(['x'], (dy, { x }) => ({ x: () => tf.reshape(dy, x.shape) })),
  ExpandDims: gradient(['input'], (dy, { input }) => ({ input: () => tf.reshape(dy, input.shape) })),
  Transpose: gradient([], (dy, _saved, { perm }: { readonly perm: readonly number[] }) => ({
    x: () => tf.transpose(dy, tf.backend_util.getUndoAxesPermutation([...perm])),
  })),
  Reverse: gradient([], (dy, _saved, { dims }: { readonly dims: number | number[] }) => ({ x: () => tf.reverse(dy, dims) })),
  Slice: gradient(['x'], (dy, { x }, { begin, size }: { readonly begin: number | number[]; readonly size: number | number[] }) => ({
    x: () => {
      const [starts = [], lengths = []] = tf.slice_util.parseSliceParams(x, begin, size);
      return tf.pad(
        dy,
        x.shape.map((length, axis) => {
          const start = starts[axis] ?? 0;
          return [start, length - start - (lengths[axis] ?? 0)];
        }),
      );
    },
  })),
  Concat: listGradient((dy, inputs, { axis }: { readonly axis: number }) => {
    const position = axis < 0 ? axis + dy.rank : axis;
    return tf.split(
      dy,
      inputs.map(({ shape }) => shape[position] ?? 1),
      position,
    );
  }),
  SplitV: manyOutputsGradient('x', (dys, { axis }: { readonly axis: number }) => tf.concat([...dys], axis)),
  Pack: listGradient((dy, _inputs, { axis }: { readonly axis: number }) => tf.unstack(dy, axis)),
  Unpack: manyOutputsGradient('value', (dys, { axis }: { readonly axis: number }) => tf.stack([...dys], axis)),
  PadV2: gradient(['x'], (dy, { x }, { paddings }: { readonly paddings: readonly (readonly [number, number])[] }) => ({
    x: () =>
      tf.slice(
        dy,
        paddings.map(([before]) => before),
        x.shape,
      ),
  })),
  Tile: gradient(['x'], (dy, { x }, { reps }: { readonly reps: readonly number[] }) => ({
    x: () => {
      // Each axis as (repetition, length); the repetitions are added up.
      const pairs = x.shape.flatMap((length, axis) => [reps[axis] ?? 1, length]);
      return tf.sum(
        tf.reshape(dy, pairs),
        x.shape.map((_, axis) => 2 * axis),
      );
    },
  })),
  GatherV2: gradient(
    ['x', 'indices'],
    (dy, { x, indices }, { axis, batchDims }: { readonly axis: number; readonly batchDims: number }) => ({
      x: () => (batchDims > 0 ? refuseGradient('GatherV2', 'batch dimensions') : scatterRows(dy, { x, indices, axis })),
    }),
  ),
  // Ids outside 0 .. numSegments - 1 were dropped: their rows get nothing.
  UnsortedSegmentSum: gradient(['segmentIds'], (dy, { segmentIds }, { numSegments }: { readonly numSegments: number }) => ({
    x: () => {
      const counted = tf.logicalAnd(
        tf.greaterEqual(segmentIds, tf.scalar(0, 'int32')),
        tf.less(segmentIds, tf.scalar(numSegments, 'int32')),
      );
      const rows = tf.where(counted, segmentIds, tf.zerosLike(segmentIds));
      const weights = tf.reshape(tf.cast(counted, 'float32'), [...segmentIds.shape, ...dy.shape.slice(1).map(() => 1)]);
      return tf.mul(tf.gather(dy, rows), weights);
    },
  })),
  OneHot: gradient(['indices'], (_dy, { indices }) => ({ indices: () => tf.zeros(indices.shape) })),
};

/** Adds each gathered slice's gradient to the slice it came from. */
function scatterRows(
  dy: tf.Tensor,
  { x, indices, axis }: { readonly x: tf.Tensor; readonly indices: tf.Tensor; readonly axis: number },
): tf.Tensor {
  const position = axis < 0 ? axis + x.rank : axis;
  const outer = x.shape.slice(0, position);
  const inner = x.shape.slice(position + 1);
  const ids = tf.reshape<tf.Rank.R1>(tf.cast(indices, 'int32'), [indices.size]);
  const values = tf.reshape(dy, [...outer, indices.size, ...inner]);
  const toFront = [position, ...outer.map((_, i) => i), ...inner.map((_, i) => position + 1 + i)];
  const summed = tf.unsortedSegmentSum(tf.transpose(values, toFront), ids, x.shape[position] ?? 0);
  return tf.transpose(summed, tf.backend_util.getUndoAxesPermutation(toFront));
}
