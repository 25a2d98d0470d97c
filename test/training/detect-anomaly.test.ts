import assert from 'node:assert/strict';
import test from 'node:test';
import { customGrad, mul, type Tensor } from '@tensorflow/tfjs-core';
import { RootstockError } from '../../src/errors.ts';
import { loadBackend } from '../../src/kernels/backend.ts';
import type { FeatureModel } from '../../src/models/definition.ts';
import { digestState, type FeatureSetup, lastState, makeDataset, makeHardSetup, makeSetup, record } from './support.ts';

/** The model of a setup with a first layer whose gradient, and nothing else, is poisoned. */
function poisoned(setup: FeatureSetup, factor: number): FeatureSetup {
  const poison = customGrad((x) => ({ value: (x as Tensor).clone(), gradFunc: (dy: Tensor) => mul(dy, factor) }));
  const { definition } = setup.model;
  const wrapped: FeatureModel = {
    ...definition,
    forward(params, inputs, ctx) {
      const weight = params['module.0.weight'] as Tensor;
      return definition.forward({ ...params, 'module.0.weight': poison(weight) }, inputs, ctx);
    },
  };
  return { ...setup, model: { ...setup.model, definition: wrapped } };
}

for (const factor of [Number.NaN, Number.POSITIVE_INFINITY]) {
  test(`a gradient times ${factor} is NON_FINITE_GRADIENT that names the parameter, and nothing is updated`, async () => {
    await loadBackend('wasm');
    const setup = poisoned(makeSetup({ trainer: { detectAnomaly: true } }), factor);
    await assert.rejects(record(setup), (error: unknown) => {
      assert.ok(error instanceof RootstockError);
      assert.equal(error.code, 'NON_FINITE_GRADIENT');
      assert.deepEqual(error.details['parameters'], ['module.0.weight']);
      assert.deepEqual([error.details['step'], error.details['epoch'], error.details['batch']], [1, 0, 0]);
      assert.match(error.message, /module\.0\.weight: \d+ of 15 values of its gradient are not finite/u);
      return true;
    });
  });
}

test('without detect_anomaly the poisoned gradient shows as a loss one step later', async () => {
  await loadBackend('wasm');
  await assert.rejects(
    record(poisoned(makeSetup(), Number.NaN)),
    (error: unknown) => error instanceof RootstockError && error.code === 'NON_FINITE_LOSS' && error.details['step'] === 2,
  );
});

test('a loss that is not finite is found in its own step, even with terminate_on_nan false', async () => {
  await loadBackend('cpu');
  const data = makeDataset(12, 3, 1);
  data.x[9 * 3] = Number.NaN; // row r9: third batch of four
  const trainer = { logEveryNSteps: 50, terminateOnNan: false, detectAnomaly: true } as const;
  await assert.rejects(
    record(makeSetup({ data, train: { shuffle: false }, trainer })),
    (error: unknown) => error instanceof RootstockError && error.code === 'NON_FINITE_LOSS' && error.details['step'] === 3,
  );
});

test('looking for anomalies changes no bit', async () => {
  await loadBackend('wasm');
  const plain = digestState(lastState((await record(makeHardSetup())).log));
  assert.equal(digestState(lastState((await record(makeHardSetup({ detectAnomaly: true }))).log)), plain);
});
