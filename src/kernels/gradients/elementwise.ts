import * as tf from '@tensorflow/tfjs-core';
import { type Gradient, type GradientTable, gradient, kernel, listGradient, sumTo } from './gradient.ts';

/** Gradients of elementwise operations of one tensor, a function of x (or of the output y, where that is cheaper). */
const unary: GradientTable = {
  Abs: ofInput((x) => tf.sign(x)),
  Neg: gradient([], (dy) => ({ x: () => tf.neg(dy) })),
  Square: ofInput((x) => tf.mul(x, tf.scalar(2))),
  Sqrt: ofOutput((y) => tf.div(tf.scalar(0.5), y)),
  Rsqrt: gradient(['x', 'y'], (dy, { x, y }) => ({ x: () => tf.div(tf.mul(dy, tf.mul(y, tf.scalar(-0.5))), x) })),
  Reciprocal: ofOutput((y) => tf.neg(tf.square(y))),
  Exp: ofOutput((y) => y),
  Expm1: ofInput((x) => tf.exp(x)),
  Log: gradient(['x'], (dy, { x }) => ({ x: () => tf.div(dy, x) })),
  Log1p: gradient(['x'], (dy, { x }) => ({ x: () => tf.div(dy, tf.add(x, tf.scalar(1))) })),
  Sin: ofInput((x) => tf.cos(x)),
  Cos: ofInput((x) => tf.neg(tf.sin(x))),
  Tan: ofOutput((y) => tf.add(tf.square(y), tf.scalar(1))),
  Asin: ofInput((x) => tf.rsqrt(tf.sub(tf.scalar(1), tf.square(x)))),
  Acos: ofInput((x) => tf.neg(tf.rsqrt(tf.sub(tf.scalar(1), tf.square(x))))),
  Atan: ofInput((x) => tf.reciprocal(tf.add(tf.square(x), tf.scalar(1)))),
  Sinh: ofInput((x) => tf.cosh(x)),
  Cosh: ofInput((x) => tf.sinh(x)),
  Asinh: ofInput((x) => tf.rsqrt(tf.add(tf.square(x), tf.scalar(1)))),
  Acosh: ofInput((x) => tf.rsqrt(tf.sub(tf.square(x), tf.scalar(1)))),
  Atanh: ofInput((x) => tf.reciprocal(tf.sub(tf.scalar(1), tf.square(x)))),
  // 2 / sqrt(pi) * exp(-x^2)
  Erf: ofInput((x) => tf.mul(tf.exp(tf.neg(tf.square(x))), tf.scalar(2 / Math.sqrt(Math.PI)))),
  Sigmoid: ofOutput((y) => tf.mul(y, tf.sub(tf.scalar(1), y))),
  Tanh: ofOutput((y) => tf.sub(tf.scalar(1), tf.square(y))),
  Softplus: ofInput((x) => tf.sigmoid(x)),
  Relu: ofOutput((y) => tf.step(y)),
  Relu6: ofInput((x) => tf.mul(tf.step(x), tf.step(tf.sub(tf.scalar(6), x)))),
  Elu: gradient(['y'], (dy, { y }) => ({ x: () => kernel('EluGrad', { dy, y }) })),
  LeakyRelu: gradient(['x'], (dy, { x }, { alpha }: { readonly alpha: number }) => ({
    x: () => tf.where(tf.greater(x, tf.scalar(0)), dy, tf.mul(dy, tf.scalar(alpha))),
  })),
  ClipByValue: gradient(['x'], (dy, { x }, limits: { readonly clipValueMin: number; readonly clipValueMax: number }) => ({
    x: () => {
      const inside = tf.logicalAnd(tf.greaterEqual(x, tf.scalar(limits.clipValueMin)), tf.lessEqual(x, tf.scalar(limits.clipValueMax)));
      return tf.where(inside, dy, tf.zerosLike(dy));
    },
  })),
  Identity: gradient([], (dy) => ({ x: () => tf.cast(dy, 'float32') })),
  Cast: gradient([], (dy) => ({ x: () => tf.cast(dy, 'float32') })),
};

/** Operations that are flat wherever they have a slope: their gradient is zero. */
const flat: GradientTable = {
  ...Object.fromEntries(
    ['Ceil', 'Floor', 'Round', 'Sign', 'Step', 'IsNan', 'IsInf', 'IsFinite', 'OnesLike', 'ZerosLike', 'LogicalNot'].map((name) => [
      name,
      gradient(['x'], (_dy, { x }) => ({ x: () => zerosOf(x) })),
    ]),
  ),
  ...Object.fromEntries(
    ['Equal', 'NotEqual', 'Greater', 'GreaterEqual', 'Less', 'LessEqual', 'LogicalAnd', 'LogicalOr', 'FloorDiv'].map((name) => [
      name,
      gradient(['a', 'b'], (_dy, { a, b }) => ({ a: () => zerosOf(a), b: () => zerosOf(b) })),
    ]),
  ),
};

/** Gradients of elementwise operations of two tensors. Each broadcasts, so each adds up again what was spread out. */
const binary: GradientTable = {
  Add: gradient(['a', 'b'], (dy, { a, b }) => ({ a: () => sumTo(dy, a.shape), b: () => sumTo(dy, b.shape) })),
  Sub: gradient(['a', 'b'], (dy, { a, b }) => ({ a: () => sumTo(dy, a.shape), b: () => tf.neg(sumTo(dy, b.shape)) })),
  Multiply: gradient(['a', 'b'], (dy, { a, b }) => ({
    a: () => sumTo(tf.mul(dy, tf.cast(b, 'float32')), a.shape),
    b: () => sumTo(tf.mul(dy, tf.cast(a, 'float32')), b.shape),
  })),
  RealDiv: gradient(['a', 'b'], (dy, { a, b }) => ({
    a: () => sumTo(tf.div(dy, b), a.shape),
    b: () => sumTo(tf.neg(tf.div(tf.mul(dy, a), tf.square(b))), b.shape),
  })),
  // Where both are equal the gradient goes to a, as in tfjs-core.
  Maximum: choice((a, b) => tf.greaterEqual(a, b)),
  Minimum: choice((a, b) => tf.lessEqual(a, b)),
  SquaredDifference: gradient(['a', 'b'], (dy, { a, b }) => {
    const slope = () => tf.mul(dy, tf.mul(tf.sub(a, b), tf.scalar(2)));
    return { a: () => sumTo(slope(), a.shape), b: () => tf.neg(sumTo(slope(), b.shape)) };
  }),
  Pow: gradient(['a', 'b', 'y'], (dy, { a, b, y }) => ({
    a: () => sumTo(tf.mul(dy, tf.mul(b, tf.pow(a, tf.sub(b, tf.scalar(1))))), a.shape),
    // The logarithm of a base that is not positive counts as 0, as in TensorFlow.
    b: () => sumTo(tf.mul(dy, tf.mul(y, tf.where(tf.greater(a, tf.scalar(0)), tf.log(a), tf.zerosLike(a)))), b.shape),
  })),
  Prelu: gradient(['x', 'alpha'], (dy, { x, alpha }) => {
    const positive = tf.greater(x, tf.scalar(0));
    return {
      x: () => tf.where(positive, dy, tf.mul(dy, alpha)),
      alpha: () => sumTo(tf.where(positive, tf.zerosLike(dy), tf.mul(dy, x)), alpha.shape),
    };
  }),
  AddN: listGradient((dy, inputs) => inputs.map(() => tf.clone(dy))),
  Select: gradient(['condition'], (dy, { condition }) => ({
    condition: () => zerosOf(condition),
    t: () => tf.mul(dy, tf.cast(condition, 'float32')),
    e: () => tf.mul(dy, tf.cast(tf.logicalNot(condition), 'float32')),
  })),
};

/** All elementwise gradients. */
export const elementwiseGradients: GradientTable = { ...unary, ...flat, ...binary };

function ofInput(slope: (x: tf.Tensor) => tf.Tensor): Gradient {
  return gradient(['x'], (dy, { x }) => ({ x: () => tf.mul(dy, slope(x)) }));
}

function ofOutput(slope: (y: tf.Tensor) => tf.Tensor): Gradient {
  return gradient(['y'], (dy, { y }) => ({ x: () => tf.mul(dy, slope(y)) }));
}

function choice(first: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Gradient {
  return gradient(['a', 'b'], (dy, { a, b }) => ({
    a: () => sumTo(tf.mul(dy, tf.cast(first(a, b), 'float32')), a.shape),
    b: () => sumTo(tf.mul(dy, tf.cast(tf.logicalNot(first(a, b)), 'float32')), b.shape),
  }));
}

function zerosOf(x: tf.Tensor): tf.Tensor {
  return tf.zeros(x.shape, 'float32');
}
