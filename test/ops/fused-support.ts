import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { composedOps } from '../../src/ops/composed-ops.ts';
import { fusedOps } from '../../src/ops/fused-ops.ts';
import type { Ops } from '../../src/ops/ops.ts';
import type { Segments } from '../../src/ops/segments.ts';

/** float32 sums of up to some thousand products in another order; the values are of order 1. */
export const TOLERANCE = 2e-5;

/** Numbers in -1 .. 1, a function of the seed. */
export function numbers(count: number, seed: number): Float32Array {
  let state = seed * 2654435761 + 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

export function matrix(rows: number, columns: number, seed: number): tf.Tensor {
  return tf.tensor(numbers(rows * columns, seed), [rows, columns], 'float32');
}

/** The segments of given row numbers, sorted or not. */
export function segments(index: readonly number[], count: number): Segments {
  const sorted = index.every((row, at) => at === 0 || row >= (index[at - 1] as number));
  const order = index.map((_, at) => at).sort((a, b) => (index[a] as number) - (index[b] as number) || a - b);
  const offsets = Array.from({ length: count + 1 }, (_, row) => index.filter((value) => value < row).length);
  const whole = (values: readonly number[]) => tf.tensor(Int32Array.from(values), [values.length], 'int32');
  return { index: whole(index), count, offsets: whole(offsets), order: sorted ? null : whole(order) };
}

export type Compute = (ops: Ops, inputs: readonly tf.Tensor[]) => tf.Tensor;

/** Value and gradients of a weighted sum of the result (so that all entries of dy differ). */
export function valueAndGradients(ops: Ops, compute: Compute, inputs: readonly tf.Tensor[]): readonly Float32Array[] {
  return tf.tidy(() => {
    let value: tf.Tensor | undefined;
    const { grads } = tf.engine().gradients(() => {
      const y = compute(ops, inputs);
      value = tf.keep(tf.clone(y));
      return tf.sum(tf.mul(y, tf.tensor(numbers(y.size, 99), y.shape)));
    }, [...inputs]);
    const results = [value as tf.Tensor, ...grads].map((tensor) => Float32Array.from(tensor.dataSync()));
    (value as tf.Tensor).dispose();
    return results;
  });
}

export function assertAlike(compute: Compute, inputs: readonly tf.Tensor[], what: string): void {
  const expected = valueAndGradients(composedOps(), compute, inputs);
  const received = valueAndGradients(fusedOps(), compute, inputs);
  for (const [part, values] of expected.entries()) {
    const name = part === 0 ? 'value' : `gradient of input ${part - 1}`;
    assert.equal(received[part]?.length, values.length);
    const scale = Math.max(1, ...values.map(Math.abs));
    values.forEach((value, at) => {
      const found = received[part]?.[at] as number;
      assert.ok(Math.abs(found - value) <= TOLERANCE * scale, `${what}: ${name}[${at}] is ${found}, expected ${value}`);
    });
  }
}
/** Edges of a graph with isolated nodes first, in the middle and last. */
export const FROM = [1, 1, 1, 2, 2, 4, 4, 4, 4, 5];
export const TO = [2, 4, 5, 1, 4, 1, 2, 5, 2, 1];
export const NODES = 7;
