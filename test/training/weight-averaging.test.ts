import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { memory, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { WeightAveragingPlan } from '../../src/contracts/plan.ts';
import type { TensorData } from '../../src/contracts/tensors.ts';
import { loadBackend } from '../../src/kernels/backend.ts';
import { batchesHere } from '../../src/training/batch-source.ts';
import { evaluate } from '../../src/training/evaluate.ts';
import { createWeightAverage } from '../../src/training/weight-averaging.ts';
import { BACKENDS } from '../helpers/backends.ts';
import { digestState, lastState, makeHardSetup, makeSetup, record } from './support.ts';

/** Written by ops/golden/nn_blocks.py with torch 2.4.0's AveragedModel and get_ema_multi_avg_fn(0.75). */
interface Averages {
  readonly steps: readonly Readonly<Record<string, readonly number[]>>[];
  readonly average: Readonly<Record<string, readonly number[]>>;
}

const { averages } = JSON.parse(readFileSync(new URL('../fixtures/golden/d_nn_blocks.json', import.meta.url), 'utf8')) as {
  readonly averages: Readonly<Record<'with_buffers' | 'without_buffers', Averages>>;
};

const PLAN: WeightAveragingPlan = { decay: 0.9, updateEveryNSteps: 1, updateStartingAtStep: 0, useBuffers: true };

for (const backend of BACKENDS) {
  for (const [name, useBuffers] of [
    ['with_buffers', true],
    ['without_buffers', false],
  ] as const) {
    test(`averages agree with torch's AveragedModel ${name.replace('_', ' ')}, on ${backend}`, async () => {
      await loadBackend(backend);
      const { steps, average: expected } = averages[name];
      const trainable = new Map<string, Tensor>();
      const buffers = new Map<string, Tensor>();
      const plan = { decay: 0.75, updateEveryNSteps: 2, updateStartingAtStep: 1, useBuffers };
      const average = createWeightAverage(plan, { trainable, buffers }, undefined);
      for (const [index, values] of steps.entries()) {
        for (const [path, numbers] of Object.entries(values)) {
          const target = path.startsWith('running_') ? buffers : trainable;
          target.get(path)?.dispose();
          target.set(path, tensor([...numbers]));
        }
        average.update(index + 1);
        assert.equal(Object.keys(average.params()).length, index < 2 ? 0 : 4, 'nothing before the first update');
      }
      for (const [path, numbers] of Object.entries(expected)) {
        const received = average.params()[path]?.dataSync() ?? [];
        // One float32 rounding or two: torch's lerp multiplies and adds in another order.
        for (const [at, value] of numbers.entries()) assert.ok(Math.abs((received[at] ?? Number.NaN) - value) <= 1e-6, `${path}[${at}]`);
      }
    });
  }
}

test('a fit averages what the formula says: trainable parameters and buffers, frozen parameters not', async () => {
  await loadBackend('wasm');
  const config = { num_layers: 3, hidden_dim: 5, batch_norm: true };
  const setup = makeSetup({ config, freeze: ['module.0'], trainer: { weightAveraging: PLAN } });
  const { log } = await record(setup, { snapshotEveryStep: true });
  const states = log.snapshots.map(({ state }) => state);
  const last = lastState(log);
  assert.deepEqual([...(last.ema?.keys() ?? [])].sort(), [...last.weights.keys()].sort());
  assert.equal(last.ema?.has('module.0.weight'), false);
  for (const [path, data] of last.ema ?? []) {
    const values = states.map(({ weights }) => weights.get(path) as TensorData);
    if (data.dtype === 'int64') {
      assert.deepEqual(data, values.at(-1), 'a count is copied');
      continue;
    }
    let expected = Array.from(values[0]?.data ?? []);
    for (const { data: next } of values.slice(1)) expected = expected.map((value, at) => 0.9 * value + 0.1 * (next[at] ?? Number.NaN));
    // Ten float32 steps on values of size 1.
    for (const [at, value] of expected.entries()) assert.ok(Math.abs((data.data[at] ?? Number.NaN) - value) <= 2e-6, `${path}[${at}]`);
  }
});

test('validation and best weights are those of the average', async () => {
  await loadBackend('cpu');
  const config = { num_layers: 2, hidden_dim: 5, batch_norm: true };
  const setup = makeSetup({ config, trainer: { maxEpochs: 1, weightAveraging: PLAN } });
  const { log } = await record(setup);
  const { ema, best, counters } = lastState(log);
  assert.deepEqual(best, ema);
  const { validation, model, stage } = setup;
  if (validation === null || ema === undefined) throw new Error('the setup validates and averages');
  const metrics = await evaluate({
    model,
    weights: new Map([...setup.inputWeights, ...ema]),
    dataset: validation,
    batches: batchesHere(validation, null),
    batchSize: stage.datamodule.validation.batchSize,
    dropLast: false,
    limit: null,
    metrics: null,
    columns: { y: ['y'] },
    prefix: 'val',
    between: () => Promise.resolve(),
  });
  assert.equal(counters.metrics['val/total/loss'], metrics['val/total/loss']);
  const plain = lastState((await record(makeSetup({ config, trainer: { maxEpochs: 1 } }))).log);
  assert.notEqual(plain.counters.metrics['val/total/loss'], metrics['val/total/loss']);
});

test('averaging changes nothing about the weights it averages', async () => {
  await loadBackend('wasm');
  const without = lastState((await record(makeHardSetup({ earlyStopping: null }))).log);
  const { weights, slots } = lastState((await record(makeHardSetup({ earlyStopping: null, weightAveraging: PLAN }))).log);
  assert.deepEqual(weights, without.weights);
  assert.deepEqual(slots, without.slots);
});

test('an averaged stage resumes exactly from every step, before and after the first update', async () => {
  await loadBackend('wasm');
  const weightAveraging = { ...PLAN, updateEveryNSteps: 3, updateStartingAtStep: 2 };
  const setup = makeHardSetup({ weightAveraging, earlyStopping: null });
  const whole = await record(setup, { snapshotEveryStep: true });
  const digest = digestState(lastState(whole.log));
  assert.deepEqual(
    whole.log.snapshots.slice(0, 4).map(({ state }) => state.ema === undefined),
    [true, true, true, false],
  );
  for (const { state } of whole.log.snapshots.slice(0, -1)) {
    const resumed = await record(setup, { resume: structuredClone(state) });
    assert.equal(digestState(lastState(resumed.log)), digest, `resumed at step ${state.counters.step}`);
  }
});

test('updates at the end of epochs begin with theirs, come after the validation, and resume exactly', async () => {
  await loadBackend('wasm');
  const weightAveraging = { ...PLAN, updateEveryNSteps: 0, updateStartingAtEpoch: 1 };
  const setup = makeHardSetup({ weightAveraging, earlyStopping: null, maxEpochs: 4 });
  const whole = await record(setup, { snapshotEveryStep: true });
  const states = whole.log.snapshots.map(({ state }) => state);
  const ends = states.filter(({ counters }) => counters.batch === 0);
  assert.deepEqual(
    ends.map(({ ema }) => ema === undefined),
    [true, false, false, false],
  );
  const path = 'module.0.weight';
  const weightsAt = (epoch: number) => Array.from(ends[epoch]?.weights.get(path)?.data ?? [], Number);
  let expected = weightsAt(1);
  for (const epoch of [2, 3]) expected = expected.map((value, at) => 0.9 * value + 0.1 * (weightsAt(epoch)[at] ?? Number.NaN));
  const received = Array.from(lastState(whole.log).ema?.get(path)?.data ?? [], Number);
  assert.equal(received.length, expected.length);
  for (const [at, value] of expected.entries()) assert.ok(Math.abs((received[at] ?? Number.NaN) - value) <= 1e-6, `${path}[${at}]`);
  // The second epoch is validated by its own weights: the first update follows.
  const plain = await record(makeHardSetup({ earlyStopping: null, maxEpochs: 4 }), { snapshotEveryStep: true });
  const losses = (log: typeof plain.log) =>
    log.snapshots.filter(({ state }) => state.counters.batch === 0).map(({ state }) => state.counters.metrics['val/total/loss']);
  assert.deepEqual(losses(whole.log).slice(0, 2), losses(plain.log).slice(0, 2));
  assert.notEqual(losses(whole.log)[2], losses(plain.log)[2]);
  for (const state of states.slice(0, -1)) {
    const resumed = await record(setup, { resume: structuredClone(state) });
    assert.equal(digestState(lastState(resumed.log)), digestState(lastState(whole.log)), `resumed at step ${state.counters.step}`);
  }
});

test('averaging leaks no tensor', async () => {
  await loadBackend('wasm');
  const before = memory().numTensors;
  const counts: number[] = [];
  const setup = makeHardSetup({ logEveryNSteps: 1, earlyStopping: null, weightAveraging: PLAN });
  await record(setup, { request: () => (counts.push(memory().numTensors), 'none') });
  assert.equal(new Set(counts.slice(1)).size, 1, counts.join(' '));
  assert.equal(memory().numTensors, before);
});
