import * as tf from '@tensorflow/tfjs-core';
import { elementLosses } from './composed-element-losses.ts';
import type { LossSpec, ReducedLoss, Reduction } from './loss-spec.ts';
import type { LossData } from './ops.ts';

/** See Ops.loss. */
export function headLoss(spec: LossSpec, data: LossData): tf.Scalar {
  const { prediction, target } = data;
  switch (spec.kind) {
    case 'reduced':
      return scaled(reduce(elementLosses(spec.element, prediction, target), spec.reduction), spec.scale);
    case 'classes':
      return scaled(classLoss(spec, prediction, target), spec.scale);
    case 'gaussian':
      return scaled(gaussianLoss(spec, data), spec.scale);
    case 'per_atom':
      return scaled(perAtomLoss(data), spec.scale);
    case 'masked':
      return maskedLoss({ kind: 'reduced', element: { name: 'MSELoss' }, reduction: 'mean', scale: spec.scale }, prediction, target);
    case 'tasks':
      return multiTaskLoss(spec.tasks, prediction, target);
  }
}

function reduce(losses: tf.Tensor, reduction: Reduction): tf.Scalar {
  switch (reduction) {
    case 'mean':
      // No line at all (edges of molecules that have none) counts as 0, not as the NaN of 0 / 0.
      return losses.size === 0 ? tf.sum(losses) : tf.mean(losses);
    case 'sum':
      return tf.sum(losses);
    case 'batchmean':
      return tf.div(tf.sum(losses), tf.scalar(Math.max(1, losses.shape[0] ?? 1)));
  }
}

/** torch's cross entropy of class probabilities: the mean is over lines and does not divide by weights. */
function classLoss(spec: Extract<LossSpec, { readonly kind: 'classes' }>, logits: tf.Tensor, target: tf.Tensor): tf.Scalar {
  const classes = logits.shape.at(-1) ?? 1;
  const smooth = spec.labelSmoothing;
  const probabilities = smooth === 0 ? target : tf.add(tf.mul(target, tf.scalar(1 - smooth)), tf.scalar(smooth / classes));
  const weights = spec.weight === null ? probabilities : tf.mul(probabilities, tf.tensor1d([...spec.weight]));
  const perLine = tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), weights), -1)); // [L]
  return reduce(perLine, spec.reduction);
}

/** Half of log v + (p - t)^2 / v, v at least eps. As in torch the limit does not stop the gradient of v. */
function gaussianLoss({ eps, full, reduction }: Extract<LossSpec, { readonly kind: 'gaussian' }>, data: LossData): tf.Scalar {
  if (data.variance === undefined) throw new Error('A Gaussian loss needs a variance.');
  const variance = atLeast(data.variance, eps);
  const errors = tf.square(tf.sub(data.prediction, data.target));
  const losses = tf.mul(tf.add(tf.log(variance), tf.div(errors, variance)), tf.scalar(0.5)); // [L, T]
  return reduce(full ? tf.add(losses, tf.scalar(Math.log(2 * Math.PI) / 2)) : losses, reduction);
}

function atLeast(x: tf.Tensor, lowest: number): tf.Tensor {
  return tf.customGrad((y) => ({
    value: tf.maximum(y as tf.Tensor, tf.scalar(lowest)),
    gradFunc: (dy: tf.Tensor) => tf.clone(dy),
  }))(x);
}

/**
 * [L, 1] against atoms per molecule as a row [1, G]: each error is divided by the sizes of all molecules of the batch, and the mean is over
 * L * G. That is what broadcasting [L, 1] / [G] gives in physicsml 0.6.0.
 */
function perAtomLoss({ prediction, target, nodesPerGraph }: LossData): tf.Scalar {
  if (nodesPerGraph === undefined) throw new Error('A loss per atom needs the sizes of the molecules.');
  const sizes = tf.reshape(nodesPerGraph, [1, -1]); // [1, G]
  return reduce(tf.square(tf.div(tf.sub(target, prediction), sizes)), 'mean');
}

/** The loss over targets that are not NaN; 0 where all are. */
function maskedLoss({ element, reduction, scale }: ReducedLoss, prediction: tf.Tensor, target: tf.Tensor): tf.Scalar {
  const missing = tf.isNaN(target);
  const there = tf.cast(tf.logicalNot(missing), 'float32');
  // The value put in place of a missing target is never seen: 1 is fine for every loss, also one that takes a logarithm.
  const filled = tf.where(missing, tf.onesLike(target), target);
  const total = tf.sum<tf.Scalar>(tf.mul(elementLosses(element, prediction, filled), there));
  const count = tf.maximum(tf.sum(there), tf.scalar(1));
  return scaled(reduction === 'sum' ? total : tf.div<tf.Scalar>(total, count), scale);
}

function multiTaskLoss(tasks: readonly ReducedLoss[], prediction: tf.Tensor, target: tf.Tensor): tf.Scalar {
  const lines = prediction.shape[0] ?? 0;
  const column = (x: tf.Tensor, task: number) => tf.reshape(tf.slice(x, [0, task], [lines, 1]), [lines]);
  const losses = tasks.map((task, index) => maskedLoss(task, column(prediction, index), column(target, index)));
  const total = losses.reduce((sum, loss) => tf.add(sum, loss));
  return tf.div(total, tf.scalar(tasks.length));
}

function scaled(loss: tf.Scalar, scale: number): tf.Scalar {
  return scale === 1 ? loss : tf.mul(loss, tf.scalar(scale));
}
