import * as tf from '@tensorflow/tfjs-core';

/** See Ops.embedding. Rows outside the table are read at its edge and turned to NaN: what a backend's gather does with them is undefined. */
export function embedding(weight: tf.Tensor, indices: tf.Tensor): tf.Tensor {
  const asked = tf.cast(indices, 'float32');
  // In float32: the wasm kernel of ClipByValue reads whole numbers as floats.
  const rows = tf.cast(tf.clipByValue(asked, 0, (weight.shape[0] ?? 1) - 1), 'int32');
  const valid = tf.cast(tf.equal(tf.cast(rows, 'float32'), asked), 'float32');
  const factor = tf.div(valid, valid); // 1, or NaN: [...]
  return tf.mul(tf.gather(weight, rows), tf.expandDims(factor, -1)); // [..., D]
}
