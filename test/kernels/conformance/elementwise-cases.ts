import * as tf from '@tensorflow/tfjs-core';
import { type GradientCase, type HostTensor, random, spread } from './case.ts';

const UNARY = [
  'exp',
  'expm1',
  'sin',
  'cos',
  'tan',
  'atan',
  'sinh',
  'cosh',
  'asinh',
  'erf',
  'sigmoid',
  'tanh',
  'softplus',
  'square',
  'neg',
] as const;
const INSIDE_ONE = ['asin', 'acos', 'atanh'] as const;
const POSITIVE = ['log', 'log1p', 'sqrt', 'rsqrt', 'reciprocal'] as const;
const KINKED = ['abs', 'relu', 'relu6', 'elu'] as const;
const FLAT = ['floor', 'ceil', 'round', 'sign', 'step'] as const;
const BINARY = ['add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum', 'squaredDifference'] as const;

const positive = (shape: readonly number[], seed: number) => random(shape, seed, [0.3, 2]);

/** Values on a grid of tenths, moved by an offset: with offsets 0 and 0.05 no two meet within a finite difference (max and min). */
const apart = ({ shape, values }: HostTensor, offset: number): HostTensor => ({
  shape,
  values: values.map((value) => Math.round(value * 10) / 10 + offset),
});

export const elementwiseCases: readonly GradientCase[] = [
  ...UNARY.map((op) => one(op, random([3, 4], 1), (x) => tf[op](x))),
  ...INSIDE_ONE.map((op) => one(op, random([3, 4], 2, [-0.8, 0.8]), (x) => tf[op](x))),
  ...POSITIVE.map((op) => one(op, positive([3, 4], 3), (x) => tf[op](x))),
  one('acosh', random([3, 4], 4, [1.3, 2]), (x) => tf.acosh(x)),
  ...KINKED.map((op) => one(op, spread([4, 5], 5), (x) => tf[op](x))),
  one('leakyRelu', spread([4, 5], 6), (x) => tf.leakyRelu(x, 0.1)),
  one('clipByValue', spread([4, 5], 7), (x) => tf.clipByValue(x, -0.2, 0.2)),
  one('cast', random([3, 4], 8), (x) => tf.cast(x, 'float32')),
  one('clone', random([3, 4], 9), (x) => tf.clone(x)),
  one('onesLike and zerosLike', random([3, 4], 10), (x) => tf.add(tf.mul(tf.onesLike(x), x), tf.zerosLike(x))),
  ...FLAT.map((op) => ({ ...one(op, random([3, 4], 11, [-2.7, 2.7]), (x) => tf.mul(tf[op](x), x)), smooth: false })),
  ...BINARY.flatMap((op) => [
    two(`${op}, equal shapes`, [apart(positive([3, 4], 12), 0), apart(positive([3, 4], 13), 0.05)], (a, b) => tf[op](a, b)),
    two(`${op}, broadcast row`, [apart(positive([3, 4], 14), 0), apart(positive([4], 15), 0.05)], (a, b) => tf[op](a, b)),
    two(`${op}, broadcast both ways`, [apart(positive([3, 1], 16), 0), apart(positive([2, 1, 4], 17), 0.05)], (a, b) => tf[op](a, b)),
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
