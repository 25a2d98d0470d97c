import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { openFsStore } from '../../src/artifacts/fs-store.ts';
import { loadOptimizerState, type OptimizerState, saveOptimizerState } from '../../src/artifacts/optimizer-state.ts';
import { mergeWeights, type TrainingState } from '../../src/artifacts/training-state.ts';
import type { StagePlan } from '../../src/contracts/plan.ts';
import { RootstockError } from '../../src/errors.ts';
import { loadBackend } from '../../src/kernels/backend.ts';
import { BACKENDS } from '../helpers/backends.ts';
import { digestState, type FeatureSetup, lastState, makeSetup, record, type StageOptions } from './support.ts';

const CONFIG = { num_layers: 3, hidden_dim: 6, dropout: 0.3 };
const GROUPED: StagePlan['optimizer'] = {
  name: 'AdamW',
  config: { lr: 0.05, weight_decay: 0.1 },
  groups: [
    { paths: ['module.0.bias', 'module.0.weight'], config: { lr: 0.01, weight_decay: 0.1, amsgrad: true } },
    { paths: ['module.3.bias'], config: { lr: 0.05, weight_decay: 0 } },
  ],
};
const PLATEAU: StagePlan['scheduler'] = {
  name: 'ReduceLROnPlateau',
  config: { factor: 0.5, patience: 0, threshold: 0.5, cooldown: 1 },
  interval: 'epoch',
  frequency: 1,
  monitor: { name: 'val/total/loss', strict: true },
  warmup: { steps: 2, startFactor: 0.1, epochs: 0 },
};
const trainer = { maxEpochs: 5, accumulateGradBatches: 2, gradientClipVal: 0.5, logEveryNSteps: 2 };

for (const backend of BACKENDS) {
  test(`a plateau, parameter groups and a carried optimizer, stopped after any step and resumed, end in the same digest, on ${backend}`, async (context) => {
    await loadBackend(backend);
    const first = makeSetup({ config: CONFIG, optimizer: GROUPED, freeze: ['module.6'], trainer: { maxEpochs: 2 } });
    const end = lastState((await record(first)).log);
    const setup = follow(first, end, { optimizer: GROUPED, scheduler: PLATEAU, config: CONFIG, trainer }, await throughStore(context, end));
    const golden = lastState((await record(setup)).log);
    assert.deepEqual(golden.monitor.plateau?.rates, [0.0125, 0.0025, 0.0125], 'the plateau has cut every rate twice');
    const { log } = await record(setup, { snapshotEveryStep: true });
    assert.equal(digestState(lastState(log)), digestState(golden));
    assert.equal(log.snapshots.length, 15);
    for (const { state } of log.snapshots.slice(0, -1)) {
      const resumed = await record(setup, { resume: structuredClone(state) });
      assert.equal(digestState(lastState(resumed.log)), digestState(golden), `resumed at step ${state.counters.step}`);
    }
  });
}

test('a stage that takes over the optimizer goes on where the stage before stopped, bit for bit', async (context) => {
  await loadBackend('wasm');
  const plain = { train: { shuffle: false }, validation: null };
  for (const optimizer of [
    { name: 'Adam', config: { lr: 0.01 } },
    { name: 'SGD', config: { lr: 0.01, momentum: 0.9 } },
    { name: 'SGD', config: { lr: 0.01 } },
    { name: 'ASGD', config: { lr: 0.01, t0: 3 } },
  ] as const) {
    const whole = lastState((await record(makeSetup({ ...plain, optimizer, trainer: { maxEpochs: 4 } }))).log);
    const first = makeSetup({ ...plain, optimizer, trainer: { maxEpochs: 2 } });
    const half = lastState((await record(first)).log);
    const second = follow(first, half, { ...plain, optimizer, trainer: { maxEpochs: 2 } }, await throughStore(context, half));
    const end = lastState((await record(second)).log);
    assert.deepEqual(end.weights, whole.weights, optimizer.name);
    assert.deepEqual(end.slots, whole.slots, optimizer.name);
    assert.deepEqual(end.counters.parameterSteps, whole.counters.parameterSteps, optimizer.name);
    // Without its state the second half goes another way, so the equality above says something.
    const { inputOptimizer: _dropped, ...fresh } = second;
    const stateless = optimizer.name === 'SGD' && !('momentum' in optimizer.config);
    if (!stateless) assert.notDeepEqual(lastState((await record(fresh)).log).weights, whole.weights, optimizer.name);
  }
});

test('only the parameters that the plan names go on; the others count from their own first step', async (context) => {
  await loadBackend('cpu');
  const first = makeSetup({ config: CONFIG, freeze: ['module.6'], trainer: { maxEpochs: 1 } });
  const end = lastState((await record(first)).log);
  const setup = follow(first, end, { config: CONFIG, trainer: { maxEpochs: 1 } }, await throughStore(context, end));
  const { parameterSteps } = lastState((await record(setup)).log).counters;
  assert.deepEqual([parameterSteps['module.0.weight'], parameterSteps['module.6.weight']], [10, 5]);
});

test('a plateau without its monitor is MONITOR_NOT_FOUND when strict, and an epoch that does not count otherwise', async () => {
  await loadBackend('cpu');
  const run = (strict: boolean) =>
    record(makeSetup({ scheduler: { ...PLATEAU, monitor: { name: 'val/other', strict } }, trainer: { maxEpochs: 3 } }));
  await assert.rejects(run(true), (error) => error instanceof RootstockError && error.code === 'MONITOR_NOT_FOUND');
  assert.deepEqual(lastState((await run(false)).log).monitor.plateau, {
    best: 'Infinity',
    numBadEpochs: 0,
    cooldownCounter: 0,
    rates: [0.01],
  });
});

test('a plateau is judged after each epoch by the newest value of its monitor, every `frequency` epochs', async () => {
  await loadBackend('cpu');
  const judged = async (frequency: number, checkValEveryNEpoch: number) => {
    const scheduler = { ...PLATEAU, config: { factor: 0.5, patience: 0, threshold: 0.9 }, frequency };
    const { log } = await record(makeSetup({ scheduler, trainer: { maxEpochs: 4, checkValEveryNEpoch } }));
    return lastState(log).monitor.plateau?.rates[0];
  };
  assert.equal(await judged(1, 1), 0.01 / 8); // the first epoch improves on infinity, three do not
  assert.equal(await judged(2, 1), 0.01 / 2);
  assert.equal(await judged(2, 2), 0.01 / 2);
});

/** The stage after another one: its last weights, and its optimizer for the parameters that both train. */
function follow(first: FeatureSetup, end: TrainingState, options: StageOptions, inputOptimizer: OptimizerState): FeatureSetup {
  const setup = makeSetup({ ...options, index: 1, weights: mergeWeights(first.inputWeights, end.weights, first.stage.mask.frozen) });
  const trained = new Set(first.stage.mask.trainable);
  const carried = setup.stage.mask.trainable.filter((path) => trained.has(path));
  const fresh = setup.stage.mask.trainable.filter((path) => !trained.has(path));
  return { ...setup, inputOptimizer, stage: { ...setup.stage, optimizerFrom: { carried, fresh } } };
}

/** As the next stage reads it. */
async function throughStore(context: test.TestContext, state: TrainingState): Promise<OptimizerState> {
  const directory = await mkdtemp(join(tmpdir(), 'rootstock-optimizer-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const store = await openFsStore(directory);
  return loadOptimizerState(store, await saveOptimizerState(store, state));
}
