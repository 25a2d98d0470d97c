import * as tf from '@tensorflow/tfjs-core';

/** A function of tensors whose values and gradients every backend must agree on. */
export interface GradientCase {
  readonly name: string;
  readonly inputs: readonly HostTensor[];
  /** The function; it may use further constant tensors. */
  readonly f: (...xs: tf.Tensor[]) => tf.Tensor;
  /** Whether central differences approximate its gradient (not where it jumps or has a kink in reach). */
  readonly smooth: boolean;
}

/** Values on the host, the same for every backend. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Uniform values from a small generator of its own, so that data never depends on a library's version. */
export function random(shape: readonly number[], seed: number, [low, high]: readonly [number, number] = [-1, 1]): HostTensor {
  // mulberry32
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return { shape, values: Float32Array.from({ length: product(shape) }, () => low + (high - low) * next()) };
}

/** Values that are all at least 0.04 apart and away from zero, in a scrambled order: no kink within a finite difference. */
export function spread(shape: readonly number[], seed: number): HostTensor {
  const size = product(shape);
  const order = random([size], seed).values;
  const ranks = Array.from({ length: size }, (_, index) => index).sort((a, b) => (order[a] ?? 0) - (order[b] ?? 0));
  const values = new Float32Array(size);
  for (const [rank, index] of ranks.entries()) values[index] = 0.04 * (rank - Math.floor(size / 2)) + 0.02;
  return { shape, values };
}

export function toTensor({ shape, values }: HostTensor): tf.Tensor {
  return tf.tensor(values, [...shape], 'float32');
}

/** Output first, then the gradient of sum(weights * f) for each input; weights are 0.5 .. 1.5. */
export function outputAndGradients(testCase: Pick<GradientCase, 'inputs' | 'f'>): readonly Float32Array[] {
  return tf.tidy(() => {
    const xs = testCase.inputs.map(toTensor);
    const y = testCase.f(...xs);
    const gradients = tf.grads((...given: tf.Tensor[]) => weightedSum(testCase.f(...given)))(xs);
    return [y, ...gradients].map((tensor) => Float32Array.from(tensor.dataSync()));
  });
}

/** The scalar that is differentiated. */
export function weightedSum(y: tf.Tensor): tf.Scalar {
  const size = y.size;
  const weights = tf.tensor(
    Float32Array.from({ length: size }, (_, index) => 0.5 + index / Math.max(size - 1, 1)),
    y.shape,
  );
  return tf.sum(tf.mul(y, weights));
}

/** Largest |a - b| / (1 + |b|); infinite when lengths differ or a number is not finite on one side only. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (const [index, expected] of b.entries()) {
    const received = a[index] as number;
    if (Object.is(received, expected)) continue;
    const difference = Math.abs(received - expected) / (1 + Math.abs(expected));
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return largest;
}

export function product(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}
