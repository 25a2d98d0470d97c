import * as tf from '@tensorflow/tfjs-core';
import { gather } from './composed-segments.ts';
import type { Segments } from './segments.ts';

/** Square of physicsml's shortest distance, 1e-8: keeps lengths away from 0, where they have no slope. */
export const SHORTEST_SQUARED = 1e-16;

/** See Ops.edgeVectors. */
export function edgeVectors(coordinates: tf.Tensor, [from, to]: readonly [Segments, Segments], cellShifts: tf.Tensor | null): tf.Tensor {
  const vectors = tf.sub(gather(coordinates, to), gather(coordinates, from)); // [E, 3]
  return cellShifts === null ? vectors : tf.add(vectors, cellShifts);
}

/** See Ops.lengths. */
export function lengths(vectors: tf.Tensor): tf.Tensor {
  const squared = tf.sum(tf.square(vectors), -1, true); // [E, 1]
  return tf.sqrt(tf.maximum(squared, tf.scalar(SHORTEST_SQUARED)));
}

/** See Ops.besselBasis. */
export function besselBasis(distances: tf.Tensor, { roots, cutOff }: { readonly roots: tf.Tensor; readonly cutOff: tf.Tensor }): tf.Tensor {
  const height = tf.sqrt(tf.div(tf.scalar(2), cutOff)); // [1]
  const waves = tf.sin(tf.div(tf.mul(distances, roots), cutOff)); // [E, K]
  return tf.div(tf.mul(height, waves), distances);
}

/** See Ops.edgeSteps. */
export function edgeSteps(vectors: tf.Tensor, distances: tf.Tensor, sizes: tf.Tensor): tf.Tensor {
  return tf.mul(tf.div(vectors, tf.add(distances, tf.scalar(1))), sizes);
}
