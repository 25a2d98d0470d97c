import * as tf from '@tensorflow/tfjs-core';
import type { Activation } from './ops.ts';

/** torch.nn.LeakyReLU's default negative slope. */
const LEAKY_SLOPE = 0.01;

/** torch.nn.Hardshrink's and Softshrink's default limit. */
const SHRINK_LIMIT = 0.5;

/** The constants of torch.nn.SELU (Klambauer et al. 2017, self-normalizing neural networks). */
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/** Applies an activation elementwise, with torch.nn's formula and default arguments (PyTorch 2.4). */
export function activate(x: tf.Tensor, name: Activation): tf.Tensor {
  return FORMULAE[name](x);
}

const FORMULAE: Readonly<Record<Activation, (x: tf.Tensor) => tf.Tensor>> = {
  ReLU: (x) => tf.relu(x),
  ReLU6: (x) => tf.relu6(x),
  SiLU: (x) => tf.mul(x, tf.sigmoid(x)),
  // torch's default, the exact one: x / 2 * (1 + erf(x / sqrt 2)).
  GELU: (x) => tf.mul(tf.mul(x, tf.scalar(0.5)), tf.add(tf.erf(tf.mul(x, tf.scalar(Math.SQRT1_2))), tf.scalar(1))),
  Tanh: (x) => tf.tanh(x),
  Sigmoid: (x) => tf.sigmoid(x),
  LeakyReLU: (x) => tf.leakyRelu(x, LEAKY_SLOPE),
  ELU: (x) => tf.elu(x),
  // ELU's formula with alpha 1, which is torch's default for both.
  CELU: (x) => tf.elu(x),
  // The negative part apart, so that positive values are not rounded twice.
  SELU: (x) => tf.mul(tf.add(tf.relu(x), tf.mul(tf.elu(tf.neg(tf.relu(tf.neg(x)))), tf.scalar(SELU_ALPHA))), tf.scalar(SELU_SCALE)),
  Softplus: (x) => tf.softplus(x),
  LogSigmoid: (x) => tf.neg(tf.softplus(tf.neg(x))),
  Mish: (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
  Softsign: (x) => tf.div(x, tf.add(tf.abs(x), tf.scalar(1))),
  Tanhshrink: (x) => tf.sub(x, tf.tanh(x)),
  Hardtanh: (x) => tf.clipByValue(x, -1, 1),
  Hardsigmoid: hardSigmoid,
  Hardswish: (x) => tf.mul(x, hardSigmoid(x)),
  Hardshrink: (x) => tf.mul(x, tf.cast(tf.greater(tf.abs(x), tf.scalar(SHRINK_LIMIT)), 'float32')),
  Softshrink: (x) => tf.sub(x, tf.clipByValue(x, -SHRINK_LIMIT, SHRINK_LIMIT)),
  Identity: (x) => x,
};

// min(max(x + 3, 0), 6) / 6
function hardSigmoid(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.relu6(tf.add(x, tf.scalar(3))), tf.scalar(1 / 6));
}
