import * as tf from '@tensorflow/tfjs-core';
import type { Segments } from './segments.ts';

/** Rows of x [n, C] by segment: [E, C]. */
export function gather(x: tf.Tensor, { index }: Segments): tf.Tensor {
  return tf.gather(x, index);
}

/** Sums the rows of x [E, C] that belong together: [n, C]. */
export function segmentSum(x: tf.Tensor, { index, count }: Segments): tf.Tensor {
  return tf.unsortedSegmentSum(x, index as tf.Tensor1D, count);
}
