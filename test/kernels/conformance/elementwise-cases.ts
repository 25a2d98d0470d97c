import * as tf from '@tensorflow/tfjs-core';
import { type GradientCase, type HostTensor, random, spread } from './case.ts';

type Operations<Arguments extends readonly tf.Tensor[]> = Readonly<Record<string, (...xs: Arguments) => tf.Tensor>>;
const UNARY: Operations<[tf.Tensor]> = {
  exp: tf.exp,
  expm1: tf.expm1,
  sin: tf.sin,
  cos: tf.cos,
  tan: tf.tan,
  atan: tf.atan,
  sinh: tf.sinh,
  cosh: tf.cosh,
  asinh: tf.asinh,
  erf: tf.erf,
  sigmoid: tf.sigmoid,
  tanh: tf.tanh,
  softplus: tf.softplus,
  square: tf.square,
  neg: tf.neg,
};
const INSIDE_ONE: Operations<[tf.Tensor]> = { asin: tf.asin, acos: tf.acos, atanh: tf.atanh };
const POSITIVE: Operations<[tf.Tensor]> = { log: tf.log, log1p: tf.log1p, sqrt: tf.sqrt, rsqrt: tf.rsqrt, reciprocal: tf.reciprocal };
const KINKED: Operations<[tf.Tensor]> = { abs: tf.abs, relu: tf.relu, relu6: tf.relu6, elu: tf.elu };
const FLAT: Operations<[tf.Tensor]> = { floor: tf.floor, ceil: tf.ceil, round: tf.round, sign: tf.sign, step: tf.step };
const BINARY: Operations<[tf.Tensor, tf.Tensor]> = {
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  div: tf.div,
  pow: tf.pow,
  maximum: tf.maximum,
  minimum: tf.minimum,
  squaredDifference: tf.squaredDifference,
};

const positive = (shape: readonly number[], seed: number) => random(shape, seed, [0.3, 2]);

/** Values on a grid of tenths, moved by an offset: with offsets 0 and 0.05 no two meet within a finite difference (max and min). */
const apart = ({ shape, values }: HostTensor, offset: number): HostTensor => ({
  shape,
  values: values.map((value) => Math.round(value * 10) / 10 + offset),
});

export const elementwiseCases: readonly GradientCase[] = [
  ...Object.entries(UNARY).map(([name, op]) => one(name, random([3, 4], 1), (x) => op(x))),
  ...Object.entries(INSIDE_ONE).map(([name, op]) => one(name, random([3, 4], 2, [-0.8, 0.8]), (x) => op(x))),
  ...Object.entries(POSITIVE).map(([name, op]) => one(name, positive([3, 4], 3), (x) => op(x))),
  one('acosh', random([3, 4], 4, [1.3, 2]), (x) => tf.acosh(x)),
  ...Object.entries(KINKED).map(([name, op]) => one(name, spread([4, 5], 5), (x) => op(x))),
  one('leakyRelu', spread([4, 5], 6), (x) => tf.leakyRelu(x, 0.1)),
  one('clipByValue', spread([4, 5], 7), (x) => tf.clipByValue(x, -0.2, 0.2)),
  one('cast', random([3, 4], 8), (x) => tf.cast(x, 'float32')),
  one('clone', random([3, 4], 9), (x) => tf.clone(x)),
  one('onesLike and zerosLike', random([3, 4], 10), (x) => tf.add(tf.mul(tf.onesLike(x), x), tf.zerosLike(x))),
  ...Object.entries(FLAT).map(([name, op]) => ({ ...one(name, random([3, 4], 11, [-2.7, 2.7]), (x) => tf.mul(op(x), x)), smooth: false })),
  ...Object.entries(BINARY).flatMap(([name, op]) => [
    two(`${name}, equal shapes`, [apart(positive([3, 4], 12), 0), apart(positive([3, 4], 13), 0.05)], (a, b) => op(a, b)),
    two(`${name}, broadcast row`, [apart(positive([3, 4], 14), 0), apart(positive([4], 15), 0.05)], (a, b) => op(a, b)),
    two(`${name}, broadcast both ways`, [apart(positive([3, 1], 16), 0), apart(positive([2, 1, 4], 17), 0.05)], (a, b) => op(a, b)),
  ]),
  two('one tensor on both sides', [random([3, 4], 18), random([3, 4], 19)], (a, b) => tf.add(tf.mul(a, a), tf.sub(b, a))),
  two('addN', [random([3, 4], 20), random([3, 4], 21)], (a, b) => tf.addN([a, b, a])),
  two('prelu', [spread([3, 4], 22), random([4], 23)], (x, alpha) => tf.prelu(x, alpha)),
  two('where by a constant', [random([3, 4], 24), random([3, 4], 25)], (a, b) =>
    tf.where(tf.tensor([1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 0], [3, 4], 'bool'), a, b),
  ),
  two('where by a comparison of the inputs', [spread([3, 4], 26), random([3, 4], 27)], (a, b) =>
    tf.where(tf.greater(a, tf.scalar(0)), tf.square(a), tf.mul(a, b)),
  ),
];

function one(name: string, input: HostTensor, f: (x: tf.Tensor) => tf.Tensor): GradientCase {
  return { name, inputs: [input], f: (...xs) => f(xs[0] as tf.Tensor), smooth: true };
}

function two(name: string, inputs: readonly [HostTensor, HostTensor], f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): GradientCase {
  return { name, inputs, f: (...xs) => f(xs[0] as tf.Tensor, xs[1] as tf.Tensor), smooth: true };
}
