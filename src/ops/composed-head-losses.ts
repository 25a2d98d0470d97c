import * as tf from '@tensorflow/tfjs-core';
import { elementLosses } from './composed-element-losses.ts';
import type { LossSpec, ReducedLoss, Reduction } from './loss-spec.ts';
import type { LossData, LossMean, LossTerms } from './ops.ts';

/** See Ops.loss. */
export function headLoss(spec: LossSpec, data: LossData): tf.Scalar {
  switch (spec.kind) {
    case 'reduced':
    case 'classes':
    case 'gaussian':
      return scaled(reduce(lineLosses(spec, data), spec.reduction), spec.scale);
    case 'per_atom':
      return scaled(perAtomLoss(data), spec.scale);
    case 'masked':
      return maskedLoss(squaredErrors(spec.scale), data);
    case 'tasks':
      return multiTaskLoss(spec.tasks, data);
  }
}

/** See Ops.lossTerms. */
export function headLossTerms(spec: LossSpec, data: LossData): LossTerms {
  switch (spec.kind) {
    case 'reduced':
    case 'classes':
    case 'gaussian':
      return { combine: 'sum', means: [meanOf(lineLosses(spec, data), spec)] };
    case 'per_atom':
      return perAtomTerms(data, spec.scale);
    case 'masked':
      return { combine: 'sum', means: [maskedMean(squaredErrors(spec.scale), data)] };
    case 'tasks': {
      const share = (task: ReducedLoss): ReducedLoss => ({ ...task, scale: task.scale / spec.tasks.length });
      return { combine: 'sum', means: spec.tasks.map((task, index) => maskedMean(share(task), column(data, index))) };
    }
  }
}

/** What a loss is the mean or sum of: [L, T], of classes [L]. */
function lineLosses(spec: Extract<LossSpec, { readonly kind: 'reduced' | 'classes' | 'gaussian' }>, data: LossData): tf.Tensor {
  switch (spec.kind) {
    case 'reduced':
      return elementLosses(spec.element, data.prediction, data.target);
    case 'classes':
      return classLosses(spec, data.prediction, data.target);
    case 'gaussian':
      return gaussianLosses(spec, data);
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

function meanOf(losses: tf.Tensor, { reduction, scale }: { readonly reduction: Reduction; readonly scale: number }): LossMean {
  const count = reduction === 'batchmean' ? (losses.shape[0] ?? 1) : losses.size;
  return { sum: scaled(tf.sum(losses), scale), count: reduction === 'sum' ? null : tf.scalar(count) };
}

/** torch's cross entropy of class probabilities, by line: its mean is over lines and does not divide by weights. */
function classLosses(spec: Extract<LossSpec, { readonly kind: 'classes' }>, logits: tf.Tensor, target: tf.Tensor): tf.Tensor {
  const classes = logits.shape.at(-1) ?? 1;
  const smooth = spec.labelSmoothing;
  const probabilities = smooth === 0 ? target : tf.add(tf.mul(target, tf.scalar(1 - smooth)), tf.scalar(smooth / classes));
  const weights = spec.weight === null ? probabilities : tf.mul(probabilities, tf.tensor1d([...spec.weight]));
  return tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), weights), -1)); // [L]
}

/** Half of log v + (p - t)^2 / v, v at least eps. As in torch the limit does not stop the gradient of v. */
function gaussianLosses({ eps, full }: Extract<LossSpec, { readonly kind: 'gaussian' }>, data: LossData): tf.Tensor {
  if (data.variance === undefined) throw new Error('A Gaussian loss needs a variance.');
  const variance = atLeast(data.variance, eps);
  const errors = tf.square(tf.sub(data.prediction, data.target));
  const losses = tf.mul(tf.add(tf.log(variance), tf.div(errors, variance)), tf.scalar(0.5)); // [L, T]
  return full ? tf.add(losses, tf.scalar(Math.log(2 * Math.PI) / 2)) : losses;
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
  const sizes = tf.reshape(sizesOf(nodesPerGraph), [1, -1]); // [1, G]
  return reduce(tf.square(tf.div(tf.sub(target, prediction), sizes)), 'mean');
}

/** The same mean over L * G taken apart: the mean of squared errors times the mean of 1 / atoms^2. */
function perAtomTerms({ prediction, target, nodesPerGraph }: LossData, scale: number): LossTerms {
  const errors = tf.square(tf.sub(target, prediction)); // [L, 1]
  const shares = tf.reciprocal(tf.square(sizesOf(nodesPerGraph))); // [G, 1]
  return { combine: 'product', means: [meanOf(errors, { reduction: 'mean', scale }), meanOf(shares, { reduction: 'mean', scale: 1 })] };
}

function sizesOf(nodesPerGraph: tf.Tensor | undefined): tf.Tensor {
  if (nodesPerGraph === undefined) throw new Error('A loss per atom needs the sizes of the molecules.');
  return nodesPerGraph;
}

/** The loss over targets that are not NaN; 0 where all are. */
function maskedLoss(loss: ReducedLoss, data: LossData): tf.Scalar {
  const { total, there } = maskedSum(loss, data);
  const count = tf.maximum(tf.sum(there), tf.scalar(1));
  return scaled(loss.reduction === 'sum' ? total : tf.div<tf.Scalar>(total, count), loss.scale);
}

function maskedMean(loss: ReducedLoss, data: LossData): LossMean {
  const { total, there } = maskedSum(loss, data);
  return { sum: scaled(total, loss.scale), count: loss.reduction === 'sum' ? null : tf.sum(there) };
}

/** Adds up the losses of targets that are not NaN; `there` is 1 for those, 0 for others. */
function maskedSum({ element }: ReducedLoss, { prediction, target }: LossData): { readonly total: tf.Scalar; readonly there: tf.Tensor } {
  const missing = tf.isNaN(target);
  const there = tf.cast(tf.logicalNot(missing), 'float32');
  // The value put in place of a missing target is never seen: 1 is fine for every loss, also one that takes a logarithm.
  const filled = tf.where(missing, tf.onesLike(target), target);
  return { total: tf.sum<tf.Scalar>(tf.mul(elementLosses(element, prediction, filled), there)), there };
}

function multiTaskLoss(tasks: readonly ReducedLoss[], data: LossData): tf.Scalar {
  const losses = tasks.map((task, index) => maskedLoss(task, column(data, index)));
  const total = losses.reduce((sum, loss) => tf.add(sum, loss));
  return tf.div(total, tf.scalar(tasks.length));
}

/** Prediction and target of one column: [L]. */
function column({ prediction, target }: LossData, index: number): LossData {
  const lines = prediction.shape[0] ?? 0;
  const pick = (x: tf.Tensor) => tf.reshape(tf.slice(x, [0, index], [lines, 1]), [lines]);
  return { prediction: pick(prediction), target: pick(target) };
}

function squaredErrors(scale: number): ReducedLoss {
  return { kind: 'reduced', element: { name: 'MSELoss' }, reduction: 'mean', scale };
}

function scaled(loss: tf.Scalar, scale: number): tf.Scalar {
  return scale === 1 ? loss : tf.mul(loss, tf.scalar(scale));
}
