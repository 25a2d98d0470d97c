import * as tf from '@tensorflow/tfjs-core';
import type { Activation } from './ops.ts';

/** torch.nn.LeakyReLU's default negative slope. */
const LEAKY_SLOPE = 0.01;

/** Applies an activation elementwise, with torch.nn's formula and default arguments. */
export function activate(x: tf.Tensor, name: Activation): tf.Tensor {
  return FORMULAE[name](x);
}

const FORMULAE: Readonly<Record<Activation, (x: tf.Tensor) => tf.Tensor>> = {
  ReLU: (x) => tf.relu(x),
  SiLU: (x) => tf.mul(x, tf.sigmoid(x)),
  // torch's default, the exact one: x / 2 * (1 + erf(x / sqrt 2)).
  GELU: (x) => tf.mul(tf.mul(x, tf.scalar(0.5)), tf.add(tf.erf(tf.mul(x, tf.scalar(Math.SQRT1_2))), tf.scalar(1))),
  Tanh: (x) => tf.tanh(x),
  Sigmoid: (x) => tf.sigmoid(x),
  LeakyReLU: (x) => tf.leakyRelu(x, LEAKY_SLOPE),
  ELU: (x) => tf.elu(x),
  Softplus: (x) => tf.softplus(x),
  Identity: (x) => x,
};
