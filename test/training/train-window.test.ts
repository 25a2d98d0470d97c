import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { OptimizerPlan } from '../../src/contracts/plan.ts';
import type { TensorData } from '../../src/contracts/tensors.ts';
import { loadBackend } from '../../src/kernels/backend.ts';
import { lastState, makeSetup, record } from './support.ts';

before(async () => {
  await loadBackend('wasm');
});

const [A, B] = ['module.0.bias', 'module.2.bias'] as const;

type Add = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

/** Hands on one gradient tensor, not one for each. */
const addWithOneGradient = tf.customGrad((a, b) => ({
  value: tf.add(a as tf.Tensor, b as tf.Tensor),
  gradFunc: (dy: tf.Tensor) => [dy, dy],
}));

/** One step of a model whose loss is the sum of (a + b)^2: both parameters get the same gradient. */
async function trainTwins(optimizer: OptimizerPlan, add: Add) {
  const setup = makeSetup({
    config: { num_layers: 3, hidden_dim: 5 },
    optimizer,
    validation: null,
    trainer: { maxEpochs: -1, maxSteps: 1 },
  });
  const { definition } = setup.model;
  const twins = {
    ...definition,
    forward: (params: Readonly<Record<string, tf.Tensor>>) => add(params[A] as tf.Tensor, params[B] as tf.Tensor),
    loss: (outputs: tf.Tensor) => tf.sum<tf.Scalar>(tf.square(outputs)),
  };
  const { log } = await record({ ...setup, model: { ...setup.model, definition: twins } });
  const values = (weights: (typeof setup)['inputWeights'], path: string) => Array.from((weights.get(path) as TensorData).data, Number);
  const { weights } = lastState(log);
  return [A, B].map((path) => ({ before: values(setup.inputWeights, path), after: values(weights, path) }));
}

for (const [what, add] of [
  ['memory', (a, b) => tf.add(a, b)],
  ['tensor', (a, b) => addWithOneGradient(a, b)],
] as const satisfies readonly (readonly [string, Add])[]) {
  test(`two parameters whose gradients are one ${what} are both updated by it`, async () => {
    for (const config of [{ lr: 0.1 }, { lr: 0.1, momentum: 0.9 }]) {
      const [a, b] = await trainTwins({ name: 'SGD', config }, add);
      assert.ok(a && b);
      a.before.forEach((first, at) => {
        const step = 0.1 * 2 * (first + (b.before[at] as number));
        // One rounding to float32 of each of three numbers below 1.
        for (const { before: from, after: to } of [a, b]) assert.ok(Math.abs((from[at] as number) - step - (to[at] as number)) < 2e-7);
      });
    }
  });
}
