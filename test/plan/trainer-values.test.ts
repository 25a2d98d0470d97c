import assert from 'node:assert/strict';
import test from 'node:test';
import { stageKey, stageKeyDocument } from '../../src/plan/stage-key.ts';
import { codesOf, failureOf, planOf, stageOf, type Variation } from './runs.ts';

/** 100 training rows, 20 validation rows, 30 test rows; batches of 10 make 10, 2 and 3 of them. */
const ROWS = { train: 100, validation: 20, test: 30 };
const BATCHES = { train: { batch_size: 10 }, validation: { batch_size: 10 }, test: { batch_size: 10 } };

const variation = (trainer: Variation['trainer'], more: Variation = {}): Variation => ({
  rows: ROWS,
  datamodule: BATCHES,
  ...more,
  ...(trainer === undefined ? {} : { trainer }),
});
const stage = (trainer: Variation['trainer'], more: Variation = {}) => stageOf(variation(trainer, more));
const failure = (trainer: Variation['trainer'], more: Variation = {}) => failureOf(variation(trainer, more));
const keyOf = (trainer: Variation['trainer']) =>
  stageKey(
    stageKeyDocument({
      plan: planOf(variation(trainer)),
      stage: 0,
      inputWeightsSha256: 'w',
      maskDigest: 'm',
      dataDigests: { train: 't', validation: 'v' },
    }),
  );

void test('what is off leaves no trace in the plan, so old stage keys stay', () => {
  const off = { max_time: null, val_check_interval: null, overfit_batches: 0, fast_dev_run: false, detect_anomaly: false };
  const { trainer } = stage(off);
  for (const key of ['maxTimeSeconds', 'valCheckInterval', 'fastDevRun', 'detectAnomaly', 'weightAveraging', 'logLrEveryEpoch']) {
    assert.equal(key in trainer, false, key);
  }
  assert.equal(keyOf(off), keyOf({}));
});

void test('val_check_interval: a whole number counts batches, a fraction is of the epoch rounded down', () => {
  assert.equal(stage({ val_check_interval: 4 }).trainer.valCheckInterval, 4);
  assert.equal(stage({ val_check_interval: 0.25 }).trainer.valCheckInterval, 2);
  assert.equal(stage({ val_check_interval: 0.01 }).trainer.valCheckInterval, 1);
  assert.equal(stage({ val_check_interval: 10 }).trainer.valCheckInterval, undefined, "a whole epoch is the epoch's end");
  assert.equal(stage({ val_check_interval: 2 }, { rows: { train: 100 } }).trainer.valCheckInterval, undefined, 'nothing to validate on');
});

void test('with check_val_every_n_epoch null an interval may be longer than an epoch, else not', () => {
  const { trainer } = stage({ val_check_interval: 15, check_val_every_n_epoch: null });
  assert.deepEqual([trainer.valCheckInterval, trainer.checkValEveryNEpoch], [15, null]);
  const error = failure({ val_check_interval: 15 });
  assert.deepEqual(codesOf(error), ['STAGE_INVALID']);
  assert.match(error.message, /every 15 batches, but an epoch has 10/u);
  assert.match(failure({ check_val_every_n_epoch: null }).message, /expected a whole number >= 1, received null/u);
});

void test('an interval has to end where an optimizer step does', () => {
  assert.equal(stage({ val_check_interval: 4, accumulate_grad_batches: 2 }).trainer.valCheckInterval, 4);
  for (const trainer of [
    { val_check_interval: 3, accumulate_grad_batches: 2 },
    { val_check_interval: 6, accumulate_grad_batches: 3, check_val_every_n_epoch: null },
  ]) {
    assert.match(failure(trainer).message, /falls between the \d batches of an optimizer step/u);
  }
});

void test('overfit_batches limits training and validation alike, and trains in file order', () => {
  const three = stage({ overfit_batches: 2, limit_train_batches: 7 });
  assert.deepEqual([three.trainer.limitTrainBatches, three.trainer.limitValBatches, three.trainer.limitTestBatches], [2, 2, null]);
  assert.deepEqual([three.batchesPerEpoch, three.datamodule.train.shuffle], [2, false]);
  const half = stage({ overfit_batches: 0.5 });
  assert.deepEqual([half.trainer.limitTrainBatches, half.trainer.limitValBatches], [5, 1]);
  const all = stage({ overfit_batches: '1.0' });
  assert.deepEqual([all.batchesPerEpoch, all.trainer.limitTrainBatches, all.datamodule.train.shuffle], [10, null, false]);
  const error = failure({ overfit_batches: 0.1 });
  assert.match(error.message, /trainer\.overfit_batches: overfit_batches 0\.1 of 2 batches is none/u);
});

void test('fast_dev_run is one epoch of n batches of everything, without early stopping, and the plan warns', () => {
  const config = {
    fast_dev_run: 3,
    max_epochs: 50,
    min_epochs: 5,
    limit_train_batches: 0.9,
    val_check_interval: 0.5,
    check_val_every_n_epoch: 7,
    callbacks: [{ EarlyStopping: { monitor: 'val_loss' } }],
  };
  const plan = planOf(variation(config, { scheduler: { name: 'CosineAnnealingLR', config: { T_max: 'num_steps' } } }));
  const [{ trainer, totalSteps, scheduler } = stage(config)] = plan.stages;
  assert.deepEqual(
    [trainer.maxEpochs, trainer.maxSteps, trainer.minEpochs, trainer.numSanityValSteps, trainer.checkValEveryNEpoch],
    [1, 3, null, 0, 1],
  );
  assert.deepEqual([trainer.limitTrainBatches, trainer.limitValBatches, trainer.limitTestBatches], [3, 2, 3]);
  assert.deepEqual([trainer.earlyStopping, trainer.valCheckInterval, trainer.snapshot.keep, trainer.fastDevRun], [null, undefined, 1, 3]);
  assert.deepEqual([totalSteps, scheduler?.config['T_max']], [3, 3]);
  assert.match(plan.warnings.join('\n'), /Stage "stage-1" is a trial \(fast_dev_run\): it trains on at most 3 batches/u);
  assert.equal(stage({ fast_dev_run: true }).totalSteps, 1);
  assert.equal(stage({ fast_dev_run: true, max_epochs: -1 }).totalSteps, 1, 'it ends whatever max_epochs says');
  assert.equal(stage({ fast_dev_run: 3, overfit_batches: 2 }).trainer.limitTrainBatches, 2, 'overfit_batches says how many');
});

void test('max_time becomes seconds, enters the stage key, and the plan says that the result is not reproducible', () => {
  const plan = planOf(variation({ max_time: '01:02:03:04' }));
  assert.equal(plan.stages[0]?.trainer.maxTimeSeconds, 93_784);
  assert.equal(stage({ max_time: { minutes: 1.5 } }).trainer.maxTimeSeconds, 90);
  assert.match(plan.warnings.join('\n'), /93784 seconds of training at the latest, so its result is not reproducible/u);
  assert.notEqual(keyOf({ max_time: '00:00:01:00' }), keyOf({}));
  assert.match(failure({ max_time: '00:00:01:00', max_epochs: -1 }).message, /max_time alone does not say how many steps/u);
});

void test('detect_anomaly, both normalisations and both ways to clip arrive in the plan', () => {
  const { trainer } = stage({
    detect_anomaly: true,
    accumulate_grad_batches: 2,
    accumulate_normalization: 'lightning',
    gradient_clip_val: 0.5,
    gradient_clip_algorithm: 'value',
    num_sanity_val_steps: -1,
    frozen_modules_mode: 'train',
  });
  assert.deepEqual(
    [trainer.detectAnomaly, trainer.accumulateNormalization, trainer.gradientClipVal, trainer.gradientClipAlgorithm],
    [true, 'lightning', 0.5, 'value'],
  );
  assert.deepEqual([trainer.numSanityValSteps, trainer.frozenModulesMode], [-1, 'train']);
});

const EMA = { EMAWeightAveraging: { decay: 0.9, update_every_n_steps: 2, update_starting_at_step: 3, use_buffers: false } };

void test('EMAWeightAveraging arrives with all its arguments, and the stage carries the average unless it says otherwise', () => {
  const { trainer, carryWeights, origins } = stage({ callbacks: EMA });
  assert.deepEqual(trainer.weightAveraging, { decay: 0.9, updateEveryNSteps: 2, updateStartingAtStep: 3, useBuffers: false });
  assert.deepEqual([carryWeights, origins['carry_weights']], ['ema', 'base']);
  assert.deepEqual(stage({ callbacks: [{ name: 'ema_weight_averaging' }] }).trainer.weightAveraging, {
    decay: 0.999,
    updateEveryNSteps: 1,
    updateStartingAtStep: 0,
    useBuffers: true,
  });
  assert.equal(stage({ callbacks: EMA }, { stages: [{ carry_weights: 'last' }] }).carryWeights, 'last');
  assert.equal(stage({ callbacks: { ...EMA, ModelCheckpointApply: {} } }).carryWeights, 'best');
  assert.notEqual(keyOf({ callbacks: EMA }), keyOf({}));
});

void test('LearningRateMonitor says what of the optimizer is logged', () => {
  const monitor = (config: Record<string, boolean>) => stage({ callbacks: { LearningRateMonitor: config } }).trainer.logOptimizer;
  assert.deepEqual(monitor({ log_momentum: true, log_weight_decay: true }), ['momentum', 'weight_decay']);
  assert.deepEqual(monitor({ log_weight_decay: true }), ['weight_decay']);
  assert.equal(monitor({ log_momentum: false }), undefined);
  assert.notEqual(keyOf({ callbacks: { LearningRateMonitor: { log_momentum: true } } }), keyOf({}));
});

void test('carry_weights: ema needs the callback, and an average that begins before the stage ends', () => {
  const missing = failure({}, { stages: [{ carry_weights: 'ema' }] });
  assert.deepEqual(codesOf(missing), ['STAGE_INVALID']);
  assert.match(missing.message, /stages\.0\.carry_weights: ema needs EMAWeightAveraging/u);
  const late = failure({ max_epochs: 1, callbacks: { EMAWeightAveraging: { update_starting_at_step: 10 } } });
  assert.match(late.message, /first averages after step 10 \(from 0\), but the stage has 10 steps/u);
  assert.doesNotThrow(() => stage({ max_epochs: 1, callbacks: { EMAWeightAveraging: { update_starting_at_step: 9 } } }));
  // Steps 0, 6, 12: the first from 7 on is 12.
  const rare = { update_starting_at_step: 7, update_every_n_steps: 6 };
  assert.match(failure({ max_epochs: 1, callbacks: { EMAWeightAveraging: rare } }).message, /after step 12/u);
  // The end of epoch 1 is that of the stage when there are two.
  const byEpoch = { update_every_n_steps: 0, update_starting_at_epoch: 1 };
  const after = (epochs: number) => ({ max_epochs: epochs, callbacks: { EMAWeightAveraging: byEpoch } });
  assert.equal(stage(after(2)).trainer.weightAveraging?.updateStartingAtEpoch, 1);
  assert.match(failure(after(1)).message, /first averages at the end of epoch 1 \(from 0\), but the stage has 10 steps/u);
  assert.match(failure({ callbacks: { EMAWeightAveraging: { update_every_n_steps: 0 } } }).message, /never averages/u);
});

void test('carry_weights: best needs a validation pass and a monitor that exists', () => {
  assert.deepEqual(codesOf(failure({}, { rows: { train: 100 }, stages: [{ carry_weights: 'best' }] })).includes('MONITOR_NOT_FOUND'), true);
  const callbacks = { ModelCheckpoint: { monitor: 'val/total/los' } };
  assert.match(failure({ callbacks }, { stages: [{ carry_weights: 'best' }] }).message, /did you mean "val\/total\/loss"/u);
});

void test('early stopping with the last weights is warned about, with best or averaged ones not', () => {
  const callbacks = { EarlyStopping: { monitor: 'val_loss' } };
  const warnings = (stages: Variation['stages'], more = {}) =>
    planOf(variation({ callbacks: { ...callbacks, ...more } }, { stages: stages ?? null })).warnings.join('\n');
  assert.match(warnings([{}]), /stops early on val\/total\/loss but passes on its last weights/u);
  assert.equal(warnings([{ carry_weights: 'best' }]), '');
  assert.equal(warnings([{}], EMA), '');
});

void test('check_on_train_epoch_end is kept, and refused where an epoch may end without the monitor', () => {
  const callbacks = (check_on_train_epoch_end: boolean, more = {}) => ({
    EarlyStopping: { monitor: 'val_loss', check_on_train_epoch_end, ...more },
  });
  assert.equal(stage({ callbacks: callbacks(true) }).trainer.earlyStopping?.checkOnTrainEpochEnd, true);
  assert.equal(stage({ callbacks: callbacks(false), check_val_every_n_epoch: 2 }).trainer.earlyStopping?.checkOnTrainEpochEnd, false);
  const error = failure({ callbacks: callbacks(true), check_val_every_n_epoch: 2 });
  assert.deepEqual(codesOf(error), ['MONITOR_NOT_FOUND']);
  assert.doesNotThrow(() => stage({ callbacks: callbacks(true, { strict: false }), check_val_every_n_epoch: 2 }));
});

void test('LearningRateMonitor with logging_interval epoch puts the learning rate among the metrics of an epoch', () => {
  assert.equal(stage({ callbacks: { LearningRateMonitor: { logging_interval: 'epoch' } } }).trainer.logLrEveryEpoch, true);
  assert.equal(stage({ callbacks: { LearningRateMonitor: {} } }).trainer.logLrEveryEpoch, undefined);
});
