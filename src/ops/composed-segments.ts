import * as tf from '@tensorflow/tfjs-core';
import { activate } from './composed-activations.ts';
import type { Activation, EdgeInput } from './ops.ts';
import type { Segments } from './segments.ts';

/** Rows of x [n, C] by segment: [E, C]. */
export function gather(x: tf.Tensor, { index }: Segments): tf.Tensor {
  return tf.gather(x, index);
}

/** Sums the rows of x [E, C] that belong together: [n, C]. */
export function segmentSum(x: tf.Tensor, { index, count }: Segments): tf.Tensor {
  return tf.unsortedSegmentSum(x, index as tf.Tensor1D, count);
}

/** See Ops.edgeLinear. */
export function edgeLinear(
  { nodes, edges, edgeIndex: [from, to] }: EdgeInput,
  weight: tf.Tensor,
  bias: tf.Tensor | null,
  activation: Activation = 'Identity',
): tf.Tensor {
  const seen = tf.concat([gather(nodes, from), gather(nodes, to), ...(edges === null ? [] : [edges])], 1); // [E, 2C + K]
  const product = tf.matMul(seen, weight, false, true); // [E, O]
  return activate(bias === null ? product : tf.add(product, bias), activation);
}

/** See Ops.gatedSegmentSum. */
export function gatedSegmentSum(x: tf.Tensor, gate: tf.Tensor, segments: Segments): tf.Tensor {
  return segmentSum(tf.mul(x, gate), segments);
}

/** Mean of the rows of x [E, C] that belong together: [n, C]; 0 where there are none. */
export function segmentMean(x: tf.Tensor, segments: Segments): tf.Tensor {
  const { offsets, count } = segments;
  const sizes = tf.sub(tf.slice(offsets, [1], [count]), tf.slice(offsets, [0], [count])); // [n]
  const divisors = tf.reshape(tf.maximum(tf.cast(sizes, 'float32'), tf.scalar(1)), [count, 1]);
  return tf.div(segmentSum(x, segments), divisors);
}
