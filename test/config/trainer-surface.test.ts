import assert from 'node:assert/strict';
import test from 'node:test';
import { callbackClasses } from '../../src/config/callback-keys.ts';
import { lookUpClass } from '../../src/config/classes.ts';
import { failure, parse, problemsOf, smallRun, stagedRun } from './helpers.ts';
import { originalNames } from './original-names.ts';

const trainer = (section: Record<string, unknown>) => smallRun({ trainer: section });

/** Every key of molflux's TrainerConfig: values that are honoured (or neutral), and values that are refused by name. */
const KEYS: Readonly<Record<string, { readonly accepted: readonly unknown[]; readonly refused?: readonly unknown[] }>> = {
  accelerator: { accepted: ['auto', 'cpu', 'gpu'], refused: ['webgpu'] },
  accumulate_grad_batches: { accepted: [1, 4] },
  barebones: { accepted: [false], refused: [true] },
  benchmark: { accepted: [null, false], refused: [true] },
  callbacks: { accepted: [null, [], {}, [{ name: 'EarlyStopping', config: { monitor: 'val_loss' } }]], refused: [[{ name: 'Timer' }]] },
  check_val_every_n_epoch: { accepted: [1, 3] },
  default_root_dir: { accepted: [null, 'training'] },
  detect_anomaly: { accepted: [false, true] },
  deterministic: { accepted: [null, true, false, 'warn'] },
  devices: { accepted: ['auto', 1], refused: [2] },
  enable_checkpointing: { accepted: [true, false] },
  enable_model_summary: { accepted: [true, false] },
  enable_progress_bar: { accepted: [true, false] },
  fast_dev_run: { accepted: [false, true, 0, 3] },
  gradient_clip_algorithm: { accepted: [null, 'norm', 'value'] },
  gradient_clip_val: { accepted: [null, 0, 0.5] },
  inference_mode: { accepted: [true], refused: [false] },
  limit_predict_batches: { accepted: [null, 0, 2, 0.5] },
  limit_test_batches: { accepted: [null, 0, 2, 0.5] },
  limit_train_batches: { accepted: [null, 2, 0.5] },
  limit_val_batches: { accepted: [null, 0, 2, 0.5] },
  log_every_n_steps: { accepted: [1, 50] },
  logger: { accepted: [true, false, null, 'csv', { name: 'csv' }], refused: ['wandb', { name: 'tensorboard' }, { name: 'mlflow' }] },
  max_epochs: { accepted: [1, 10] },
  max_steps: { accepted: [-1, 10] },
  max_time: { accepted: [null, '00:01:30:00', '123:00:00:01', { hours: 1, minutes: 30 }] },
  min_epochs: { accepted: [null, 0, 1] },
  min_steps: { accepted: [null, 0, 10] },
  num_nodes: { accepted: [1], refused: [2] },
  num_sanity_val_steps: { accepted: [null, -1, 0, 2] },
  overfit_batches: { accepted: [0, 3, 0.25, '1.0'] },
  precision: { accepted: [32, '32', '32-true'], refused: [16, '16-mixed', 'bf16-mixed', 64, '64-true'] },
  profiler: { accepted: [null], refused: [{ name: 'simple' }] },
  reload_dataloaders_every_n_epochs: { accepted: [0], refused: [1] },
  strategy: { accepted: ['auto'], refused: ['ddp'] },
  sync_batchnorm: { accepted: [false], refused: [true] },
  use_distributed_sampler: { accepted: [true], refused: [false] },
  val_check_interval: { accepted: [null, 5, 0.25] },
};

for (const [key, { accepted, refused = [] }] of Object.entries(KEYS)) {
  void test(`trainer.${key}: ${accepted.length} values are accepted, ${refused.length} refused by name`, () => {
    for (const value of accepted) assert.doesNotThrow(() => parse(trainer({ [key]: value })), JSON.stringify(value));
    for (const value of refused) {
      const error = failure(() => parse(trainer({ [key]: value })));
      assert.equal(error.code, 'NOT_AVAILABLE', error.message);
      assert.match(error.message, new RegExp(`model\\.config\\.trainer\\.${key}`, 'u'));
    }
  });
}

void test('no key of molflux TrainerConfig is forgotten above', () => {
  assert.deepEqual(Object.keys(KEYS).sort(), originalNames.sections['TrainerConfig']);
});

void test('every callback of Lightning and molflux is honoured, or refused by name with what there is instead', () => {
  const { callbacks } = originalNames;
  const honoured = callbacks.filter((name) => lookUpClass(callbackClasses, name).kind === 'available');
  assert.deepEqual(honoured, ['earlystopping', 'learningratemonitor', 'modelcheckpoint', 'modelcheckpointapply']);
  for (const name of callbacks) assert.notEqual(lookUpClass(callbackClasses, name).kind, 'unknown', name);
});

void test('callback names are found as molflux finds them: case, dashes, underscores and the word callback do not count', () => {
  for (const name of ['earlystopping', 'early_stopping', 'Early-Stopping', 'EARLY STOPPING', 'EarlyStoppingCallback']) {
    assert.deepEqual(callbacksOf([{ name, config: { monitor: 'val_loss' } }]), [
      { name: 'EarlyStopping', config: { monitor: 'val/total/loss' } },
    ]);
  }
  assert.match(
    failure(() => parse(trainer({ callbacks: [{ name: 'lambda' }] }))).message,
    /LambdaCallback is not supported: it needs Python/u,
  );
});

void test('a mapping of callbacks may be by class, or by any key with name and config as molflux has it', () => {
  const written = { stop: { name: 'earlystopping', config: { monitor: 'val_loss' } }, LearningRateMonitor: {} };
  assert.deepEqual(callbacksOf(written), {
    stop: { name: 'EarlyStopping', config: { monitor: 'val/total/loss' } },
    LearningRateMonitor: {},
  });
  assert.deepEqual(problemsOf(trainer({ callbacks: { stop: { name: 'EarlyStopping', config: { monitor: 'm', patience: -1 } } } })), [
    'model.config.trainer.callbacks.stop.config.patience: expected a whole number >= 0, received -1',
  ]);
});

void test('a time is DD:HH:MM:SS or a mapping, and more than none', () => {
  for (const max_time of ['1:00', '00:00:00:00', {}, { hours: -1 }, { days: 0 }, { fortnights: 1 }]) {
    assert.equal(failure(() => parse(trainer({ max_time }))).code, 'CONFIG_INVALID', JSON.stringify(max_time));
  }
});

void test('ranges of the keys that count batches', () => {
  for (const section of [
    { val_check_interval: 0 },
    { val_check_interval: 1.5 },
    { overfit_batches: -1 },
    { overfit_batches: 'all' },
    { fast_dev_run: -1 },
  ]) {
    assert.equal(failure(() => parse(trainer(section))).code, 'CONFIG_INVALID', JSON.stringify(section));
  }
});

void test('train_features may name what training reads anyway, as a list or for the one data set', () => {
  const run = (train_features: unknown) => smallRun({ train_features });
  const columns = ['b', 'a'];
  assert.doesNotThrow(() => parse(run(columns)));
  assert.doesNotThrow(() => parse(run({ train: columns })));
  const several = failure(() => parse(run({ a: columns, b: columns })));
  assert.equal(several.code, 'NOT_AVAILABLE');
  assert.match(several.message, /2 data sets are not available/u);
  const further = failure(() => parse(run([...columns, 'z'])));
  assert.equal(further.code, 'NOT_AVAILABLE');
  assert.match(further.message, /\(z\)/u);
  assert.equal(failure(() => parse(run({ train: columns.slice(1) }))).code, 'CONFIG_INVALID');
});

void test('carry_weights is last, best or ema', () => {
  for (const carry_weights of ['last', 'best', 'ema']) assert.doesNotThrow(() => parse(stagedRun({ carry_weights })));
  assert.equal(failure(() => parse(stagedRun({ carry_weights: 'mean' }))).code, 'CONFIG_INVALID');
});

function callbacksOf(callbacks: unknown): unknown {
  return parse(trainer({ callbacks })).trainer?.['callbacks'];
}
