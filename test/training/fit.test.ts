import assert from 'node:assert/strict';
import test from 'node:test';
import { memory } from '@tensorflow/tfjs-core';
import type { TrainerPlan } from '../../src/contracts/plan.ts';
import type { TensorData } from '../../src/contracts/tensors.ts';
import { RootstockError } from '../../src/errors.ts';
import { loadBackend } from '../../src/kernels/backend.ts';
import { batchesHere } from '../../src/training/batch-source.ts';
import { evaluate } from '../../src/training/evaluate.ts';
import { BACKENDS } from '../helpers/backends.ts';
import { digestState, IMPATIENT, lastState, makeDataset, makeHardSetup, makeSetup, type Recording, record } from './support.ts';

test('two fits of one stage end in the same digest', async () => {
  await loadBackend('wasm');
  const digests = [];
  for (let i = 0; i < 2; i += 1) digests.push(digestState(lastState((await record(makeHardSetup())).log)));
  assert.equal(digests[0], digests[1]);
});

test('frozen parameters and the BatchNorm statistics of frozen modules keep every bit; the others move', async () => {
  await loadBackend('wasm');
  const setup = makeSetup({ config: { num_layers: 3, hidden_dim: 5, batch_norm: true }, freeze: ['module.0', 'module.1'] });
  const { weights } = lastState((await record(setup)).log);
  assert.equal(weights.has('module.0.weight'), false, 'a frozen parameter is not in the state');
  for (const name of ['running_mean', 'running_var', 'num_batches_tracked']) {
    assert.deepEqual(weights.get(`module.1.${name}`), setup.inputWeights.get(`module.1.${name}`), name);
  }
  assert.notDeepEqual(weights.get('module.4.running_mean'), setup.inputWeights.get('module.4.running_mean'));
  assert.notDeepEqual(weights.get('module.3.weight'), setup.inputWeights.get('module.3.weight'));
});

test('with frozen_modules_mode train the statistics of a frozen BatchNorm move', async () => {
  await loadBackend('cpu');
  const setup = makeSetup({
    config: { num_layers: 2, hidden_dim: 5, batch_norm: true },
    freeze: ['module.1'],
    trainer: { frozenModulesMode: 'train' },
  });
  const { weights } = lastState((await record(setup)).log);
  assert.notDeepEqual(weights.get('module.1.running_mean'), setup.inputWeights.get('module.1.running_mean'));
});

test('the number of tensors is the same after every step, and none is left at the end', async () => {
  await loadBackend('wasm');
  const setup = makeHardSetup({ logEveryNSteps: 1, earlyStopping: null });
  const before = memory().numTensors;
  const counts: number[] = [];
  await record(setup, { request: () => (counts.push(memory().numTensors), 'none') });
  assert.equal(counts.length, 13); // before the first step, and after each of 12
  // The slots before an update stay, for the next one to write to.
  assert.equal(new Set(counts.slice(1)).size, 1, counts.join(' '));
  assert.equal(memory().numTensors, before);
});

test('losses are read back only when a step is logged, an epoch ends or a snapshot is taken', async () => {
  await loadBackend('cpu');
  const counts: number[] = [];
  await record(makeSetup({ trainer: { maxEpochs: 1, logEveryNSteps: 3 } }), { request: () => (counts.push(memory().numTensors), 'none') });
  const base = counts[0] ?? 0;
  assert.deepEqual(
    counts.map((count) => count - base),
    [0, 1, 2, 0, 1, 0],
  );
});

// Float32 sums in another order, 20 steps long: 2e-5 on weights of size 1 is over ten times what was seen. A bias in front of a
// BatchNorm has no gradient but rounding noise, which Adam would blow up to full steps: so Adam is compared without BatchNorm. Batches of
// 11, because over 4 rows a variance may come near 0, and the smallest difference then grows a hundredfold in one step.
for (const [title, config, optimizer] of [
  [
    'dropout and BatchNorm, SGD',
    { num_layers: 3, hidden_dim: 6, dropout: 0.3, batch_norm: true },
    { name: 'SGD', config: { lr: 0.05, momentum: 0.9 } },
  ],
  ['dropout, AdamW', { num_layers: 3, hidden_dim: 6, dropout: 0.3 }, { name: 'AdamW', config: { lr: 0.02 } }],
] as const) {
  test(`wasm agrees with cpu over 20 steps: ${title}`, async () => {
    const weights = [];
    for (const backend of BACKENDS) {
      await loadBackend(backend);
      weights.push(
        lastState((await record(makeSetup({ config, optimizer, train: { batchSize: 11 }, trainer: { maxEpochs: 10 } }))).log).weights,
      );
    }
    for (const [path, { data }] of weights[0] ?? []) assertNear(data, weights[1]?.get(path), { path, tolerance: 2e-5 });
  });
}

test('a NaN in a row ends training with NON_FINITE_LOSS that names step, epoch, batch and rows', async () => {
  await loadBackend('wasm');
  const data = makeDataset(12, 3, 1);
  data.x[9 * 3] = Number.NaN; // row r9: third batch of four
  const setup = makeSetup({ data, train: { shuffle: false }, trainer: { logEveryNSteps: 50 } });
  await assert.rejects(record(setup), (error: unknown) => {
    assert.ok(error instanceof RootstockError);
    assert.equal(error.code, 'NON_FINITE_LOSS');
    const { step, epoch, batch, rows } = error.details;
    assert.deepEqual({ step, epoch, batch, rows }, { step: 3, epoch: 0, batch: 2, rows: ['r8', 'r9', 'r10', 'r11'] });
    return true;
  });
});

test('a snapshot is never taken of a state with a non-finite loss', async () => {
  await loadBackend('cpu');
  const data = makeDataset(12, 3, 1);
  data.x[9 * 3] = Number.NaN;
  const steps: number[] = [];
  const setup = makeSetup({ data, train: { shuffle: false }, trainer: { logEveryNSteps: 50 } });
  await assert.rejects(record(setup, { snapshotEveryStep: true, onCommit: ({ state }) => steps.push(state.counters.step) }));
  assert.deepEqual(steps, [1, 2]);
});

test('with terminate_on_nan false training goes on and the log says NaN', async () => {
  await loadBackend('cpu');
  const data = makeDataset(12, 3, 1);
  data.x[9 * 3] = Number.NaN;
  const { log } = await record(makeSetup({ data, train: { shuffle: false }, trainer: { terminateOnNan: false } }));
  assert.equal(lastState(log).counters.step, 6);
  assert.equal(lastState(log).counters.metrics['train/total/loss'], 'NaN');
});

test('the ledger has a row per logged step and per epoch, by stage index', async () => {
  await loadBackend('cpu');
  const { log } = await record(makeSetup({ index: 3, trainer: { logEveryNSteps: 2 } }));
  const names = log.rows.map((row) => row.split(',').slice(0, 4).join(','));
  const validation = ['val/total/loss', 'val/mae', 'val/rmse', 'val/r2'];
  const epoch = (at: string) => ['train/total/loss', ...validation].map((name) => `3,${at},${name}`);
  const step = (at: string) => [`3,${at},train/total/loss_step`, `3,${at},lr`];
  assert.deepEqual(names, [
    ...step('0,2'),
    ...step('0,4'),
    ...epoch('0,5'),
    ...step('1,6'),
    ...step('1,8'),
    ...step('1,10'),
    ...epoch('1,10'),
  ]);
});

test("the epoch's training loss is the sample-weighted mean of its batches", async () => {
  await loadBackend('cpu');
  const { log } = await record(makeSetup({ train: { dropLast: false, shuffle: false }, trainer: { maxEpochs: 1 } }));
  const steps = values(log, 'train/total/loss_step');
  const [mean = Number.NaN] = values(log, 'train/total/loss');
  const sizes = [4, 4, 4, 4, 4, 2];
  const expected = steps.reduce((sum, loss, index) => sum + loss * (sizes[index] ?? 0), 0) / 22;
  assert.ok(Math.abs(mean - expected) < 1e-12); // float64 on both sides
});

test('every optimizer step leaves its rows in the sample log, every epoch each row once, in an order of its own', async () => {
  await loadBackend('cpu');
  const { log } = await record(makeSetup({ train: { dropLast: false }, trainer: { accumulateGradBatches: 2 } }));
  const steps = log.lines.flatMap((line) => ('rows' in line ? [line] : []));
  assert.deepEqual(
    steps.map(({ step, epoch, batch }) => [step, epoch, batch]),
    [
      [1, 0, 0],
      [2, 0, 2],
      [3, 0, 4],
      [4, 1, 0],
      [5, 1, 2],
      [6, 1, 4],
    ],
  );
  const orders = [0, 1].map((epoch) => steps.filter((line) => line.epoch === epoch).flatMap(({ rows }) => rows));
  for (const order of orders) assert.equal(new Set(order).size, 22);
  assert.notDeepEqual(orders[0], orders[1]);
  assert.deepEqual(log.lines.at(-1), { snapshot: 0, step: 6 });
});

const ENDINGS: readonly {
  readonly title: string;
  readonly trainer: Partial<TrainerPlan>;
  readonly end: readonly [string, number, number];
}[] = [
  { title: 'max_epochs ends a stage', trainer: { maxEpochs: 3 }, end: ['max_epochs', 3, 15] },
  { title: 'max_steps ends a stage in the middle of an epoch', trainer: { maxEpochs: -1, maxSteps: 7 }, end: ['max_steps', 1, 7] },
  { title: 'early stopping ends a stage', trainer: { maxEpochs: 9, earlyStopping: IMPATIENT }, end: ['early_stopping', 2, 10] },
  {
    title: 'min_epochs holds early stopping off',
    trainer: { maxEpochs: 9, minEpochs: 4, earlyStopping: IMPATIENT },
    end: ['early_stopping', 4, 20],
  },
  {
    title: 'min_steps holds early stopping off, to the very step',
    trainer: { maxEpochs: 9, minSteps: 13, earlyStopping: IMPATIENT },
    end: ['early_stopping', 2, 13],
  },
  { title: 'max_epochs 0 trains nothing', trainer: { maxEpochs: 0 }, end: ['max_epochs', 0, 0] },
];
for (const { title, trainer, end } of ENDINGS) {
  test(title, async () => {
    await loadBackend('cpu');
    const { outcome } = await record(makeSetup({ trainer }));
    assert.ok(outcome.kind === 'finished');
    assert.deepEqual([outcome.result.stoppedBy, outcome.result.epochs, outcome.result.steps], end);
  });
}

test('validation runs every n epochs and at the end of the stage, so that there is always a best', async () => {
  await loadBackend('cpu');
  const { log } = await record(makeSetup({ trainer: { maxEpochs: 5, checkValEveryNEpoch: 2, logEveryNSteps: 50 } }));
  const epochs = log.rows
    .map((row) => row.split(','))
    .filter((cells) => cells[3] === 'val/total/loss')
    .map((cells) => cells[1]);
  assert.deepEqual(epochs, ['1', '3', '4']);
  const { log: partial } = await record(makeSetup({ trainer: { maxEpochs: -1, maxSteps: 3, checkValEveryNEpoch: 2 } }));
  assert.notEqual(lastState(partial).best, null);
});

test('each validation is of the weights at hand alone, whatever validations there were before', async () => {
  await loadBackend('wasm');
  const setup = makeSetup({ trainer: { maxEpochs: 3 } });
  const { outcome, log } = await record(setup);
  assert.equal(outcome.kind, 'finished');
  const { model, validation, stage } = setup;
  assert.ok(validation);
  const pass = { ...stage.datamodule.validation, limit: null, metrics: null, prefix: 'val', between: () => null };
  const weights = lastState(log).weights;
  const alone = await evaluate({ model, weights, dataset: validation, batches: batchesHere(validation, null), ...pass });
  const { 'train/total/loss': training, ...last } = lastState(log).counters.metrics;
  assert.ok(training !== undefined);
  assert.deepEqual(last, alone);
});

test('the best weights are those of the best validation, not the last ones', async () => {
  await loadBackend('cpu');
  // A rate this high makes the loss grow after the first epochs.
  const setup = makeSetup({ trainer: { maxEpochs: 6 }, optimizer: { name: 'SGD', config: { lr: 0.3 } }, train: { shuffle: false } });
  const { log } = await record(setup, { snapshotEveryStep: true });
  const losses = values(log, 'val/total/loss');
  const bestEpoch = losses.indexOf(Math.min(...losses));
  assert.ok(bestEpoch < 5, losses.join(' '));
  const atBest = log.snapshots.find(({ state }) => state.counters.step === (bestEpoch + 1) * 5);
  assert.deepEqual(lastState(log).best, atBest?.state.weights);
});

test('without a validation split there is no best and no validation metric', async () => {
  await loadBackend('cpu');
  const { log, outcome } = await record(makeSetup({ validation: null }));
  assert.equal(lastState(log).best, null);
  assert.ok(outcome.kind === 'finished');
  assert.deepEqual(Object.keys(outcome.result.metrics), ['train/total/loss']);
});

test('neither sanity validation nor the dry run nor validation changes a bit of the weights', async () => {
  await loadBackend('wasm');
  const trained = [];
  for (const [sanity, validation] of [
    [2, makeDataset(9, 3, 2)],
    [0, null],
  ] as const) {
    const setup = makeHardSetup({ numSanityValSteps: sanity, earlyStopping: null });
    trained.push(lastState((await record({ ...setup, validation })).log).weights);
  }
  assert.deepEqual(trained[0], trained[1]);
});

test('accumulating two batches equals one batch of both', async () => {
  // Means over 4 + 4 and over 8 rows round differently, and Adam's first steps divide by small numbers: 1e-5.
  await loadBackend('cpu');
  const weights = [];
  for (const [batchSize, accumulateGradBatches] of [
    [4, 2],
    [8, 1],
  ] as const) {
    const setup = makeSetup({ train: { batchSize, shuffle: false, dropLast: false }, trainer: { accumulateGradBatches } });
    weights.push(lastState((await record(setup)).log).weights);
  }
  for (const [path, { data }] of weights[0] ?? []) assertNear(data, weights[1]?.get(path), { path, tolerance: 1e-5 });
});

function values(log: Recording, name: string): readonly number[] {
  return log.rows
    .map((row) => row.split(','))
    .filter((cells) => cells[3] === name)
    .map((cells) => Number(cells[4]));
}

function assertNear(
  actual: TensorData['data'],
  expected: TensorData | undefined,
  { path, tolerance }: { readonly path: string; readonly tolerance: number },
): void {
  actual.forEach((value, index) => {
    const difference = Math.abs(value - (expected?.data[index] ?? Number.NaN));
    assert.ok(difference <= tolerance, `${path}[${index}] differs by ${difference}`);
  });
}
