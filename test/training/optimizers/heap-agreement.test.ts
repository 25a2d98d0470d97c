import assert from 'node:assert/strict';
import test from 'node:test';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { adam, adamComposed, adamOnHeap } from '../../../src/training/optimizers/adam.ts';
import type { UpdateInput, UpdateResult } from '../../../src/training/optimizers/optimizer.ts';
import { sgdComposed, sgdOnHeap } from '../../../src/training/optimizers/sgd.ts';

/** The loop rounds once where the composed operations round up to eight times: a few units of 6e-8, relative to values near 1. */
const TOLERANCE = 4e-7;
const SIZE = 301; // not a multiple of a vector's width

const ADAM = { sign: 1, l2: 0, keep: 1, rate1: 0.1, beta2: 0.999, rate2: 0.001, scale: 0.01, eps: 1e-8 } as const;
const SGD = { sign: 1, weightDecay: 0, momentum: 0.9, nesterov: false, lr: 0.1, keep: 0.9, take: 0.8 } as const;
const CASES: readonly (readonly [string, readonly string[], (input: UpdateInput) => readonly [UpdateResult, UpdateResult | undefined]])[] =
  [
    ['Adam', ['exp_avg', 'exp_avg_sq'], (input) => [adamComposed(input, ADAM), adamOnHeap(input, ADAM)]],
    ['Adam with L2', ['exp_avg', 'exp_avg_sq'], (input) => both(adamComposed, adamOnHeap)(input, { ...ADAM, l2: 0.3, sign: -1 })],
    ['AdamW', ['exp_avg', 'exp_avg_sq'], (input) => both(adamComposed, adamOnHeap)(input, { ...ADAM, keep: 0.9 })],
    ['amsgrad', ['exp_avg', 'exp_avg_sq', 'max_exp_avg_sq'], (input) => both(adamComposed, adamOnHeap)(input, ADAM)],
    ['SGD', [], (input) => both(sgdComposed, sgdOnHeap)(input, { ...SGD, momentum: 0, weightDecay: 0.2, sign: -1 })],
    ['momentum', ['momentum_buffer'], (input) => both(sgdComposed, sgdOnHeap)(input, SGD)],
    ['Nesterov', ['momentum_buffer'], (input) => both(sgdComposed, sgdOnHeap)(input, { ...SGD, nesterov: true, take: 1 })],
    ['first momentum', ['momentum_buffer'], (input) => both(sgdComposed, sgdOnHeap)(input, { ...SGD, keep: 0, take: 1 })],
  ];

for (const [name, slotNames, update] of CASES) {
  void test(`${name}: the loop on the wasm heap agrees with composed operations`, async () => {
    await tf.setBackend('wasm');
    tf.tidy(() => {
      const [composed, onHeap] = update(inputOf(slotNames));
      assert.ok(onHeap !== undefined);
      assert.deepEqual(Object.keys(onHeap.slots), Object.keys(composed.slots));
      near(onHeap.parameter, composed.parameter);
      for (const slot of slotNames) near(onHeap.slots[slot], composed.slots[slot]);
    });
  });
}

for (const [name, slotNames, update] of CASES.filter(([, names]) => names.length > 0)) {
  void test(`${name}: slots are written to spare ones, with the same bits, and those that hold values stay as they are`, async () => {
    await tf.setBackend('wasm');
    tf.tidy(() => {
      const input = inputOf(slotNames);
      const [, expected] = update(input);
      const spare = Object.fromEntries(slotNames.map((slot) => [slot, tf.ones([SIZE])]));
      const given = [input.parameter, ...Object.values(input.slots)].map((tensor) => [...tensor.dataSync()]);
      const [, found] = update({ ...input, spare });
      for (const slot of slotNames) {
        assert.equal(found?.slots[slot], spare[slot], 'the spare tensor itself');
        assert.deepEqual(spare[slot]?.dataSync(), expected?.slots[slot]?.dataSync());
      }
      assert.deepEqual(found?.parameter.dataSync(), expected?.parameter.dataSync());
      assert.notEqual(found?.parameter, input.parameter);
      assert.deepEqual(
        [input.parameter, ...Object.values(input.slots)].map((tensor) => [...tensor.dataSync()]),
        given,
      );
    });
  });
}

for (const [name, slotNames, update] of CASES) {
  void test(`${name}: the next parameter is written over a gradient that nobody reads afterwards, with the same bits`, async () => {
    await tf.setBackend('wasm');
    tf.tidy(() => {
      const input = inputOf(slotNames);
      const before = input.parameter.dataSync();
      const [, expected] = update(input);
      const gradient = tf.clone(input.gradient);
      const [, found] = update({ ...input, gradient: tf.add(gradient, 0), mayTakeGradient: true });
      const own = tf.add(gradient, 0);
      const [, taken] = update({ ...input, gradient: own, mayTakeGradient: true });
      assert.equal(taken?.parameter, own, 'the gradient tensor itself');
      for (const result of [found, taken]) assert.deepEqual(result?.parameter.dataSync(), expected?.parameter.dataSync());
      for (const slot of slotNames) assert.deepEqual(taken.slots[slot]?.dataSync(), expected?.slots[slot]?.dataSync());
      assert.deepEqual(input.parameter.dataSync(), before, 'the parameter of now stays');
    });
  });
}

void test('one Adam updates parameters of several groups and ages in turn as others of their own would', async () => {
  await tf.setBackend('wasm');
  tf.tidy(() => {
    const config = { owner: 'optimizer Adam', values: { lr: 0.1 } };
    const shared = adam(config);
    const input = inputOf(['exp_avg', 'exp_avg_sq']);
    for (const [step, lr, momentum] of [
      [3, 0.1, undefined],
      [3, 0.2, undefined],
      [3, 0.1, undefined],
      [4, 0.1, undefined],
      [4, 0.1, 0.5],
      [4, 0.1, undefined],
    ] as const) {
      const at = { ...input, step, lr, momentum };
      assert.deepEqual(shared.update(at).parameter.dataSync(), adam(config).update(at).parameter.dataSync());
    }
  });
});

void test('without a wasm heap, and for large tensors, the composed operations serve', async () => {
  await tf.setBackend('cpu');
  tf.tidy(() => assert.equal(adamOnHeap(inputOf(['exp_avg', 'exp_avg_sq']), ADAM), undefined));
  await tf.setBackend('wasm');
  tf.tidy(() => {
    const large = tf.ones([8193]);
    const input = { path: 'w', parameter: large, gradient: large, slots: { exp_avg: large, exp_avg_sq: large }, step: 1, lr: 0.1 };
    assert.equal(adamOnHeap(input, ADAM), undefined);
  });
});

/** Runs one update both ways with the same numbers. */
function both<Numbers>(
  composed: (input: UpdateInput, numbers: Numbers) => UpdateResult,
  onHeap: (input: UpdateInput, numbers: Numbers) => UpdateResult | undefined,
) {
  return (input: UpdateInput, numbers: Numbers) => [composed(input, numbers), onHeap(input, numbers)] as const;
}

function inputOf(slotNames: readonly string[]): UpdateInput {
  const wave = (phase: number): tf.Tensor => tf.tensor1d(Float32Array.from({ length: SIZE }, (_, i) => Math.sin(i * 0.7 + phase)));
  // Second moments are not negative.
  const slots = Object.fromEntries(slotNames.map((name, i) => [name, name.endsWith('_sq') ? tf.square(wave(i)) : wave(i)]));
  return { path: 'w', parameter: wave(10), gradient: wave(20), slots, step: 3, lr: 0.1 };
}

function near(actual: tf.Tensor | undefined, expected: tf.Tensor | undefined): void {
  assert.ok(actual !== undefined && expected !== undefined);
  const [left, right] = [actual.dataSync(), expected.dataSync()];
  assert.equal(left.length, SIZE);
  for (const [i, value] of left.entries()) {
    const other = right[i] as number;
    assert.ok(Math.abs(value - other) <= TOLERANCE * Math.max(1, Math.abs(other)), `element ${i}: composed ${other}, loop ${value}`);
  }
}
