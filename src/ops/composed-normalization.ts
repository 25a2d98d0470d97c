import * as tf from '@tensorflow/tfjs-core';
import type { RunningStatistics } from './ops.ts';

/** Mean and variance of each channel, [C]. */
interface Statistics {
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
}

/** See Ops.batchNorm. Centres before it scales: folding the mean into the shift, as torch does on CPUs, cancels badly in the gradient when |mean| is large. */
export function batchNorm(
  x: tf.Tensor,
  { mean, variance }: Statistics,
  affine: { readonly weight: tf.Tensor; readonly bias: tf.Tensor } | null,
  eps: number,
): tf.Tensor {
  const inverse = tf.rsqrt(tf.add(variance, tf.scalar(eps))); // [C]
  const centred = tf.sub(x, mean);
  if (affine === null) return tf.mul(centred, inverse);
  return tf.add(tf.mul(centred, tf.mul(inverse, affine.weight)), affine.bias);
}

/** See Ops.layerNorm. Formula: torch.nn.LayerNorm, PyTorch 2.4. */
export function layerNorm(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor, eps: number): tf.Tensor {
  const share = tf.scalar(1 / (x.shape.at(-1) ?? 1));
  const centred = tf.sub(x, tf.mul(tf.sum(x, -1, true), share));
  const variance = tf.mul(tf.sum(tf.square(centred), -1, true), share); // [..., 1]
  const normalised = tf.mul(centred, tf.rsqrt(tf.add(variance, tf.scalar(eps))));
  return tf.add(tf.mul(normalised, weight), bias);
}

/** See Ops.moments. */
export function moments(x: tf.Tensor): Statistics {
  const mean = channelMean(x);
  return { mean, variance: channelMean(tf.square(tf.sub(x, mean))) };
}

/** See Ops.runningStatistics. Formula: torch.nn.BatchNorm1d, PyTorch 2.4. */
export function runningStatistics(
  running: RunningStatistics,
  batch: Statistics,
  { momentum, samples }: { readonly momentum: number; readonly samples: number },
): RunningStatistics {
  const blend = (old: tf.Tensor, fresh: tf.Tensor, scale: number) =>
    tf.add(tf.mul(old, tf.scalar(1 - momentum)), tf.mul(fresh, tf.scalar(momentum * scale)));
  return {
    mean: blend(running.mean, batch.mean, 1),
    variance: blend(running.variance, batch.variance, samples / (samples - 1)),
    count: tf.add(running.count, tf.scalar(1, 'int32')),
  };
}

// A sum and one small product: tf.mean's gradient would divide a tensor of x's size.
function channelMean(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  const samples = axes.reduce((product, axis) => product * (x.shape[axis] ?? 1), 1);
  return tf.mul(tf.sum(x, axes), tf.scalar(1 / samples)); // [C]
}
