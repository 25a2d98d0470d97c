import * as tf from '@tensorflow/tfjs-core';
import type { ElementLoss } from './loss-spec.ts';

/** torch.nn.BCELoss keeps logarithms above this. */
const LOWEST_LOG = -100;

/** torch.nn.BCELoss keeps p * (1 - p) above this in its gradient. */
const SMALLEST_SPREAD = 1e-12;

/** The smallest normal float32: where a logarithm's argument is 0 and its factor is, too. */
const TINY = 2 ** -126;

/** A loss per element, [L, T] or [L] as the prediction: torch.nn's formula of that name with reduction "none" (PyTorch 2.4 documentation). */
export function elementLosses(loss: ElementLoss, prediction: tf.Tensor, target: tf.Tensor): tf.Tensor {
  switch (loss.name) {
    case 'MSELoss':
      return tf.square(tf.sub(prediction, target));
    case 'L1Loss':
      return tf.abs(tf.sub(prediction, target));
    case 'HuberLoss':
      return huber(tf.abs(tf.sub(prediction, target)), loss.delta);
    case 'SmoothL1Loss': {
      const distance = tf.abs(tf.sub(prediction, target));
      return loss.beta === 0 ? distance : tf.div(huber(distance, loss.beta), tf.scalar(loss.beta));
    }
    case 'SoftMarginLoss':
      return tf.softplus(tf.neg(tf.mul(target, prediction)));
    case 'BCELoss':
      return weighted(binaryCrossEntropy(prediction, target), loss.weight);
    case 'BCEWithLogitsLoss':
      return weighted(logisticLoss(prediction, target, loss.posWeight), loss.weight);
    case 'PoissonNLLLoss':
      return poisson(prediction, target, loss);
    case 'KLDivLoss':
      return loss.logTarget
        ? tf.mul(tf.exp(target), tf.sub(target, prediction))
        : tf.sub(tf.mul(target, tf.log(tf.maximum(target, tf.scalar(TINY)))), tf.mul(target, prediction));
  }
}

// d^2 / 2 below delta, delta * (d - delta / 2) from there on.
function huber(distance: tf.Tensor, delta: number): tf.Tensor {
  const near = tf.mul(tf.square(distance), tf.scalar(0.5));
  const far = tf.mul(tf.sub(distance, tf.scalar(delta / 2)), tf.scalar(delta));
  return tf.where(tf.less(distance, tf.scalar(delta)), near, far);
}

function binaryCrossEntropy(prediction: tf.Tensor, target: tf.Tensor): tf.Tensor {
  const compute = tf.customGrad((p, save) => {
    const probability = p as tf.Tensor;
    const rest = tf.sub(tf.scalar(1), probability);
    const log = (x: tf.Tensor) => tf.maximum(tf.log(x), tf.scalar(LOWEST_LOG));
    const value = tf.neg(tf.add(tf.mul(target, log(probability)), tf.mul(tf.sub(tf.scalar(1), target), log(rest))));
    // The target, too: what is not saved may be gone when the gradient is asked for.
    (save as tf.GradSaveFunc)([probability, target]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [x, t] = saved as [tf.Tensor, tf.Tensor];
      const spread = tf.maximum(tf.mul(x, tf.sub(tf.scalar(1), x)), tf.scalar(SMALLEST_SPREAD));
      return tf.mul(dy, tf.div(tf.sub(x, t), spread));
    };
    return { value, gradFunc };
  });
  return compute(prediction);
}

// (1 - t) * x + (1 + (w - 1) * t) * log(1 + exp(-x))
function logisticLoss(logits: tf.Tensor, target: tf.Tensor, posWeight: readonly number[] | null): tf.Tensor {
  const negative = tf.mul(tf.sub(tf.scalar(1), target), logits);
  const logistic = tf.softplus(tf.neg(logits));
  if (posWeight === null) return tf.add(negative, logistic);
  const factor = tf.add(tf.mul(target, tf.tensor1d(posWeight.map((weight) => weight - 1))), tf.scalar(1));
  return tf.add(negative, tf.mul(factor, logistic));
}

function poisson(
  prediction: tf.Tensor,
  target: tf.Tensor,
  { logInput, full, eps }: { readonly logInput: boolean; readonly full: boolean; readonly eps: number },
): tf.Tensor {
  const loss = logInput
    ? tf.sub(tf.exp(prediction), tf.mul(target, prediction))
    : tf.sub(prediction, tf.mul(target, tf.log(tf.add(prediction, tf.scalar(eps)))));
  return full ? tf.add(loss, stirling(target)) : loss;
}

// t * log t - t + log(2 pi t) / 2 for t > 1, else 0.
function stirling(target: tf.Tensor): tf.Tensor {
  const large = tf.maximum(target, tf.scalar(1));
  const half = tf.mul(tf.log(tf.mul(large, tf.scalar(2 * Math.PI))), tf.scalar(0.5));
  const term = tf.add(tf.sub(tf.mul(large, tf.log(large)), large), half);
  return tf.where(tf.greater(target, tf.scalar(1)), term, tf.zerosLike(term));
}

function weighted(losses: tf.Tensor, weight: readonly number[] | null): tf.Tensor {
  return weight === null ? losses : tf.mul(losses, tf.tensor1d([...weight]));
}
