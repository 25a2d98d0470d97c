import assert from 'node:assert/strict';
import test from 'node:test';
import { failure, parse, problemsOf, smallRun, stagedRun } from './helpers.ts';

const trainer = (section: Record<string, unknown>) => smallRun({ trainer: section });
const optimizer = (section: Record<string, unknown>) => smallRun({ optimizer: section });
const scheduler = (section: unknown) => smallRun({ scheduler: section });

void test('every option whose engine comes later is refused by name', () => {
  const runs: unknown[] = [
    trainer({ precision: '16-mixed' }),
    trainer({ logger: { name: 'tensorboard', config: {} } }),
    trainer({ logger: [{ wandb: {} }] }),
    trainer({ logger: { csv: { save_dir: 'x' } } }),
    trainer({ callbacks: { Timer: {} } }),
    trainer({ callbacks: [{ EarlyStopping: { monitor: 'm' } }, { EarlyStopping: { monitor: 'n' } }] }),
    trainer({ callbacks: [{ ModelCheckpoint: {} }, { ModelCheckpointApply: {} }] }),
    trainer({ callbacks: [{ ModelCheckpoint: { save_top_k: -1 } }] }),
    trainer({ accelerator: 'webgpu' }),
    trainer({ backend: 'webgpu' }),
    smallRun({ datamodule: { train: { batch_size: { a: 1 } } } }),
    smallRun({ datamodule: { cut_off: 5.0 } }),
    smallRun({ train_features: ['a', 'b', 'z'] }),
    optimizer({ name: 'LBFGS' }),
    optimizer({ name: 'SparseAdam' }),
    scheduler({ name: 'LambdaLR' }),
    scheduler({ name: 'MultiplicativeLR' }),
    scheduler({ name: 'ChainedScheduler', config: { schedulers: [{ name: 'SequentialLR' }] } }),
    scheduler([{ name: 'StepLR' }]),
    stagedRun({ gate: { metric: 'x' } }),
    stagedRun({ on_failure: 'stop' }),
    stagedRun({ from: 'initial' }),
    stagedRun({ select: ['a'] }),
    stagedRun({ average: ['a'] }),
    smallRun({}, { output: { path: 'x', stage: 'a' } }),
    smallRun({}, { output: { path: 's3://b/x' } }),
    smallRun({}, { data: { train: 's3://b/x.parquet' } }),
    smallRun({}, { data: { train: { sql: 'q', files: { t: 'S3://b' } } } }),
    smallRun({}, { data: { source: 'x', split: { name: 'k_fold' } } }),
    smallRun({ transfer_learning: { pre_trained_model_path: 's3://m', stages: [{}] } }),
  ];
  for (const run of runs) {
    const error = failure(() => parse(run));
    assert.equal(error.code, 'NOT_AVAILABLE', error.message);
    assert.match(error.message, /has 1 problem\.\n.*(not available|not supported|only .* is accepted|has no settings)/u);
  }
});

void test('an option that comes later still has a type', () => {
  assert.deepEqual(problemsOf(trainer({ precision: 'half' })).length, 1);
  assert.equal(failure(() => parse(stagedRun({ carry_weights: 'mean' }))).code, 'CONFIG_INVALID');
  assert.deepEqual(problemsOf(optimizer({ name: 'Adan' })), [
    'model.config.optimizer.name: unknown optimizer "Adan". Did you mean "Adam"?; available: Adam, AdamW, SGD, RMSprop, Adagrad, Adadelta, Adamax, NAdam, RAdam, ASGD, Rprop',
  ]);
});

void test('neutral values of options that come later, and of options without meaning here, are accepted', () => {
  const accepted = {
    max_time: null,
    val_check_interval: null,
    overfit_batches: 0,
    fast_dev_run: false,
    detect_anomaly: false,
    precision: '32-true',
    devices: 'auto',
    num_nodes: 1,
    strategy: 'auto',
    sync_batchnorm: false,
    plugins: null,
    profiler: null,
    barebones: false,
    use_distributed_sampler: true,
    benchmark: null,
    inference_mode: true,
    reload_dataloaders_every_n_epochs: 0,
    logger: true,
    deterministic: 'warn',
    limit_predict_batches: 0.5,
    enable_checkpointing: false,
    default_root_dir: 'training',
  };
  assert.doesNotThrow(() => parse(smallRun({ trainer: accepted, compile: false, float32_matmul_precision: null, train_features: null })));
  for (const logger of [false, null, 'csv', { name: 'csv' }, { csv: {} }, [{ name: 'CSV', config: {} }]]) {
    assert.doesNotThrow(() => parse(trainer({ logger })));
  }
  const beside = { pre_trained_model_path: 'p', repo_url: null, rev: null, model_path_in_repo: 'model', stages: [{}] };
  assert.doesNotThrow(() => parse(smallRun({ transfer_learning: beside })));
});

void test('another value of an option without meaning here names the neutral one', () => {
  const others: Record<string, unknown> = {
    devices: 2,
    num_nodes: 2,
    strategy: 'ddp',
    sync_batchnorm: true,
    plugins: ['x'],
    profiler: { name: 'simple' },
    barebones: true,
    use_distributed_sampler: false,
    benchmark: true,
    inference_mode: false,
    reload_dataloaders_every_n_epochs: 1,
  };
  const error = failure(() => parse(trainer(others)));
  assert.equal(error.code, 'NOT_AVAILABLE');
  const texts = (error.details['problems'] as { text: string }[]).map(({ text }) => text);
  assert.equal(texts.length, Object.keys(others).length);
  for (const text of texts) assert.match(text, /^only .+ is accepted: .+; received /u);
  assert.deepEqual(problemsOf(smallRun({ compile: true })), [
    'model.config.compile: only false or null is accepted: there is no torch.compile; received true',
  ]);
});
