import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { loadBackend } from '../../src/kernels/backend.ts';
import { isValidationDue } from '../../src/training/validation-due.ts';
import { digestState, IMPATIENT, lastState, makeHardSetup, makeSetup, type Recording, record } from './support.ts';

/** Written by ops/golden/validation_schedule.py with lightning 2.4.0. */
interface Schedule {
  readonly batches: number;
  readonly epochs: number;
  readonly check_val_every_n_epoch: number | null;
  readonly val_check_interval: number | null;
  /** Batches done at each validation; null where Lightning refuses the setting. */
  readonly validations: readonly number[] | null;
}

const schedules = JSON.parse(
  readFileSync(new URL('../fixtures/golden/d_validation_schedule.json', import.meta.url), 'utf8'),
) as readonly Schedule[];

test('validation is due after the very batches after which Lightning validates', () => {
  assert.equal(schedules.length, 48);
  for (const { batches, epochs, check_val_every_n_epoch, val_check_interval, validations } of schedules) {
    if (validations === null) continue;
    const interval =
      val_check_interval === null || val_check_interval >= 1 ? val_check_interval : Math.max(1, Math.floor(batches * val_check_interval));
    const trainer = { checkValEveryNEpoch: check_val_every_n_epoch, ...(interval === null ? {} : { valCheckInterval: interval }) };
    const due: number[] = [];
    for (let done = 1; done <= batches * epochs; done += 1) {
      const epoch = Math.floor((done - 1) / batches);
      if (isValidationDue(trainer, { epoch, batch: done - epoch * batches, batchesPerEpoch: batches })) due.push(done);
    }
    assert.deepEqual(due, validations, JSON.stringify({ batches, trainer }));
  }
});

/** Steps of the rows of a metric. */
const stepsOf = ({ rows }: Recording, metric: string): number[] =>
  rows.map((row) => row.split(',')).flatMap(([, , step, name]) => (name === metric ? [Number(step)] : []));

test('a fit validates within its epochs, keeps the training loss for their ends, and always validates last', async () => {
  await loadBackend('cpu');
  // 5 batches per epoch, 2 epochs: Lightning's 2, 4, 7, 9, and ours after the last step.
  const { log } = await record(makeSetup({ trainer: { valCheckInterval: 2 } }));
  assert.deepEqual(stepsOf(log, 'val/total/loss'), [2, 4, 7, 9, 10]);
  assert.deepEqual(stepsOf(log, 'train/total/loss'), [5, 10]);
});

test('with check_val_every_n_epoch null batches are counted across epochs', async () => {
  await loadBackend('cpu');
  const { log } = await record(makeSetup({ trainer: { maxEpochs: 3, checkValEveryNEpoch: null, valCheckInterval: 7 } }));
  assert.deepEqual(stepsOf(log, 'val/total/loss'), [7, 14, 15]);
});

test('early stopping ends a stage in the middle of an epoch, which then has its training loss and no second validation', async () => {
  await loadBackend('cpu');
  const { log, outcome } = await record(makeSetup({ trainer: { valCheckInterval: 2, maxEpochs: 5, earlyStopping: IMPATIENT } }));
  assert.equal(lastState(log).counters.stoppedBy, 'early_stopping');
  // The first validation is an improvement on nothing, the second is not.
  assert.deepEqual(stepsOf(log, 'val/total/loss'), [2, 4]);
  assert.deepEqual(stepsOf(log, 'train/total/loss'), [4]);
  assert.equal(outcome.kind === 'finished' && outcome.result.steps, 4);
});

test('min_steps holds early stopping up, and the stage ends at the first step that meets it', async () => {
  await loadBackend('cpu');
  const { log } = await record(makeSetup({ trainer: { valCheckInterval: 2, maxEpochs: 5, minSteps: 7, earlyStopping: IMPATIENT } }));
  assert.deepEqual([lastState(log).counters.step, lastState(log).counters.stoppedBy], [7, 'early_stopping']);
});

test('check_on_train_epoch_end true judges at the ends of epochs only, false at validations only', async () => {
  await loadBackend('cpu');
  const stepsWith = async (checkOnTrainEpochEnd: boolean, trainer: object): Promise<number> => {
    const earlyStopping = { ...IMPATIENT, checkOnTrainEpochEnd };
    return lastState((await record(makeSetup({ trainer: { maxEpochs: 9, earlyStopping, ...trainer } }))).log).counters.step;
  };
  assert.equal(await stepsWith(true, { valCheckInterval: 2 }), 10, 'the end of the second epoch');
  assert.equal(await stepsWith(false, { valCheckInterval: 2 }), 4, 'the second validation');
  assert.equal(await stepsWith(false, { checkValEveryNEpoch: 3, checkpointMonitor: { monitor: 'val/mae', mode: 'min' } }), 30);
});

test('best weights may be those of a validation within an epoch', async () => {
  await loadBackend('cpu');
  // A rate so high that training only makes things worse: the first validation is the best.
  const optimizer = { name: 'SGD', config: { lr: 1 } } as const;
  const whole = lastState((await record(makeSetup({ trainer: { valCheckInterval: 1, maxEpochs: 1, maxSteps: 3 }, optimizer }))).log);
  const first = lastState((await record(makeSetup({ trainer: { maxSteps: 1 }, optimizer }))).log);
  assert.deepEqual(whole.best, first.weights);
  assert.notDeepEqual(whole.best, whole.weights);
});

test('a stage that validates within its epochs resumes exactly from every step', async () => {
  await loadBackend('wasm');
  const setup = makeHardSetup({ valCheckInterval: 2 });
  const whole = await record(setup, { snapshotEveryStep: true });
  const digest = digestState(lastState(whole.log));
  for (const { state } of whole.log.snapshots.slice(0, -1)) {
    const resumed = await record(setup, { resume: structuredClone(state) });
    assert.equal(digestState(lastState(resumed.log)), digest, `resumed at step ${state.counters.step}`);
  }
});

test('LearningRateMonitor by epoch puts the rate of the last step among the metrics of the epoch', async () => {
  await loadBackend('cpu');
  const scheduler = { name: 'StepLR', config: { step_size: 1, gamma: 0.5 }, interval: 'epoch', frequency: 1 } as const;
  const { log } = await record(makeSetup({ trainer: { logLrEveryEpoch: true, logEveryNSteps: 1000 }, scheduler }));
  const rates = log.rows.map((row) => row.split(',')).flatMap(([, epoch, , name, value]) => (name === 'lr' ? [[epoch, value]] : []));
  assert.deepEqual(rates, [
    ['0', '0.01'],
    ['1', '0.005'],
  ]);
});

test('several parameter groups have a rate each in the ledger, by the names of Lightning; one group has none of these', async () => {
  await loadBackend('cpu');
  const setup = makeSetup({ trainer: { logLrEveryEpoch: true, logEveryNSteps: 1 } });
  const [path = ''] = setup.stage.mask.trainable;
  const { name, config } = setup.stage.optimizer;
  const grouped = { name, config: { ...config, lr: 0.5 }, groups: [{ paths: [path], config: { ...config, lr: 0.25 } }] };
  const ratesOf = (rows: readonly string[]) =>
    rows
      .map((row) => row.split(','))
      .flatMap(([, epoch, step, key = '', value]) => (key.startsWith('lr') ? [[epoch, step, key, value]] : []));
  const { log } = await record({ ...setup, stage: { ...setup.stage, optimizer: grouped } });
  const rates = ratesOf(log.rows);
  assert.deepEqual(rates.slice(0, 3), [
    ['0', '1', 'lr', '0.5'],
    ['0', '1', `lr-${name}/pg1`, '0.5'],
    ['0', '1', `lr-${name}/pg2`, '0.25'],
  ]);
  const steps = new Set(rates.map(([, step]) => step)).size;
  const epochs = setup.stage.trainer.maxEpochs;
  assert.equal(rates.length, 3 * (steps + epochs));
  const single = ratesOf((await record(setup)).log.rows);
  assert.ok(single.every(([, , key]) => key === 'lr'));
});
