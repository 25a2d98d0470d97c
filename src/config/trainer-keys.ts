import { z } from 'zod';
import { durationSeconds } from './duration.ts';
import { atLeast, later, neutral, option, text, wholeNumber } from './options.ts';

/** An epoch or step limit of Lightning: -1 is no limit, 0 (train nothing) is refused. */
const limit = () => z.union([z.literal(-1), wholeNumber(1)]).meta({ words: '-1 (no limit) or a whole number >= 1' });

/** How many batches: a whole number, or a fraction between 0 and 1. */
const batches = (min: 0 | 1, words: string) =>
  z
    .union([wholeNumber(min), z.number().gt(0).lt(1)])
    .nullable()
    .meta({ words: `${words}, a fraction between 0 and 1, or null` });

const batchLimit = 'A whole number counts batches, a fraction is of all batches, null or 1.0 (with the point) is all.';
const oneDevice = 'a run trains on one device';
const always = 'takes part in no computation here';

const part = (unit: string) => option(atLeast(0), `Whole or part ${unit}.`);
const duration = z
  .union([
    text(),
    z.strictObject({ weeks: part('weeks'), days: part('days'), hours: part('hours'), minutes: part('minutes'), seconds: part('seconds') }),
  ])
  .refine((value) => durationSeconds(value) !== null, {
    error: 'expected a time above 0 as "DD:HH:MM:SS" (days, hours, minutes, seconds) or a mapping such as {hours: 1, minutes: 30}',
  })
  .meta({ words: '"DD:HH:MM:SS" or a mapping of weeks, days, hours, minutes, seconds' });

/** Lightning's precision names; only the 32-bit ones are available. */
const precision = z.union([
  z.literal([16, 32, 64]),
  z.enum(['16', '32', '64', '16-true', '16-mixed', 'bf16', 'bf16-true', 'bf16-mixed', '32-true', '64-true', 'transformer-engine']),
]);

const snapshot = z.strictObject({
  every_seconds: option(z.number().gt(0).nullable(), 'Seconds between two snapshots; null: not by time.', { default: 15 }),
  every_steps: option(wholeNumber(1).nullable(), 'Optimizer steps between two snapshots; null: not by steps.', { default: null }),
  keep: option(wholeNumber(1), 'Snapshots kept while the stage runs.', { default: 2 }),
});

/** The trainer section, with Lightning's names. Every key is optional; see `checkSection` for the rules across keys. */
export const trainerSchema = z.strictObject({
  accelerator: option(
    later(z.enum(['auto', 'cpu', 'gpu', 'webgpu']), ['auto', 'cpu', 'gpu']),
    'Where to compute: auto and cpu use the wasm backend, gpu uses tensorflow.',
    { default: 'auto' },
  ),
  backend: option(
    later(z.enum(['wasm', 'cpu', 'tensorflow', 'webgpu']).nullable(), ['wasm', 'cpu', 'tensorflow', null]),
    'Names the backend exactly (ours). cpu is the slow reference implementation; it is chosen only here.',
    { default: null },
  ),
  max_epochs: option(limit().nullable(), 'Passes over the training data; -1 or null: no limit (then max_steps must be set).', {
    default: 1,
  }),
  max_steps: option(limit(), 'Optimizer steps after which training stops; -1: no limit.', { default: -1 }),
  max_time: option(
    duration.nullable(),
    'Longest training time of a stage, all attempts together: it ends at the next step. "DD:HH:MM:SS", or a mapping such as {hours: 1}; min_epochs and min_steps come first.',
    { default: null },
  ),
  min_epochs: option(wholeNumber(0).nullable(), 'Early stopping does not end training before this many epochs.', { default: null }),
  min_steps: option(wholeNumber(0).nullable(), 'Early stopping does not end training before this many optimizer steps.', { default: null }),
  limit_train_batches: option(batches(1, 'a whole number >= 1'), `Training batches per epoch. ${batchLimit}`, { default: null }),
  limit_val_batches: option(batches(0, 'a whole number >= 0'), `Validation batches; 0: no validation. ${batchLimit}`, { default: null }),
  limit_test_batches: option(batches(0, 'a whole number >= 0'), `Test batches; 0: no test. ${batchLimit}`, { default: null }),
  limit_predict_batches: option(batches(0, 'a whole number >= 0'), 'Accepted without effect: a run predicts nothing.', {
    default: null,
    availability: 'accepted, no effect',
  }),
  overfit_batches: option(
    z
      .union([wholeNumber(0), z.number().gt(0).lt(1), z.literal('1.0')])
      .meta({ words: 'a whole number >= 0, a fraction between 0 and 1, or "1.0" (all)' }),
    'Trains on the same batches in every epoch, unshuffled, and validates on as many: limit_train_batches and limit_val_batches in one; 0: off.',
    { default: 0 },
  ),
  fast_dev_run: option(
    z.union([z.boolean(), wholeNumber(0)]).meta({ words: 'true, false or a whole number >= 0' }),
    'A trial: one epoch of n batches (true: 1) of train, validation and test, without early stopping and sanity validation.',
    { default: false },
  ),
  check_val_every_n_epoch: option(
    wholeNumber(1).nullable(),
    'Validate after every n-th epoch; null: val_check_interval counts batches across epochs.',
    { default: 1 },
  ),
  val_check_interval: option(
    z
      .union([wholeNumber(1), z.number().gt(0).lt(1)])
      .nullable()
      .meta({ words: 'a whole number >= 1, a fraction between 0 and 1, or null' }),
    "Validation within an epoch: after every n batches, or after every such fraction of them; null or 1.0 (with the point): at the epoch's end.",
    { default: null },
  ),
  num_sanity_val_steps: option(
    z.union([z.literal(-1), wholeNumber(0)]).nullable(),
    'Validation batches tried before training, so that a broken validation set shows at once; -1: all, null: 2. Touches neither random streams nor monitors.',
    { default: 2 },
  ),
  accumulate_grad_batches: option(wholeNumber(1), 'Batches whose gradients make one optimizer step.', { default: 1 }),
  accumulate_normalization: option(
    z.enum(['samples', 'lightning']),
    'How accumulated gradients are averaged: by the samples (rows, molecules) in the window, or always by its full length as Lightning does (ours).',
    { default: 'samples' },
  ),
  detect_anomaly: option(
    z.boolean(),
    'Checks loss and gradients in every step; NON_FINITE_GRADIENT names the parameters. Slow: everything is read back from the device.',
    { default: false },
  ),
  gradient_clip_val: option(atLeast(0).nullable(), 'Clips gradients to this norm or value; null or 0: no clipping.', { default: null }),
  gradient_clip_algorithm: option(z.enum(['norm', 'value']).nullable(), 'Clip the global norm, or each value; null: norm.', {
    default: 'norm',
  }),
  log_every_n_steps: option(wholeNumber(1), 'Optimizer steps between two logged rows.', { default: 50 }),
  terminate_on_nan: option(z.boolean(), 'Ends the stage with NON_FINITE_LOSS when the loss is not finite.', { default: true }),
  frozen_modules_mode: option(
    z.enum(['eval', 'train']),
    'Mode of frozen modules: eval keeps BatchNorm statistics and turns dropout off; train is what molflux does (ours).',
    { default: 'eval' },
  ),
  prefix_cache: option(
    z.enum(['auto', 'off']),
    'auto: where the frozen part of a stage is the leading part of the model in eval mode, its outputs are computed once per stage and kept in memory (up to 1 GiB); off: in every step (ours).',
    { default: 'auto' },
  ),
  snapshot: option(snapshot, 'When the resumable state is saved within a stage (ours).'),
  callbacks: option(
    z
      .union([z.array(z.record(z.string(), z.unknown())), z.record(z.string(), z.unknown())])
      .nullable()
      .meta({ words: 'a list of {name, config}, a mapping of name to config, or null' }),
    'Lightning callbacks: a list of {name: EarlyStopping, config: {...}} or {EarlyStopping: {...}}, or a mapping {EarlyStopping: {...}} or {any key: {name, config}}.',
    { default: null },
  ),
  logger: option(
    z
      .union([
        z.boolean(),
        z.string(),
        z.array(z.union([z.string(), z.record(z.string(), z.unknown())])),
        z.record(z.string(), z.unknown()),
      ])
      .nullable()
      .meta({ words: 'true, false, null or csv' }),
    'true, false, null or csv. Metrics are always kept and published as metrics.csv.',
    { default: true, availability: 'true, false, null and csv; every other logger is not available yet' },
  ),
  deterministic: option(
    z.union([z.boolean(), z.literal('warn')]).nullable(),
    'Accepted: training is always deterministic on wasm and cpu; true is refused on tensorflow.',
    { default: null },
  ),
  enable_checkpointing: option(z.boolean(), 'Accepted: the state of a stage is always saved.', {
    default: true,
    availability: 'accepted, no effect',
  }),
  enable_progress_bar: option(z.boolean(), 'Shows progress.', { default: true }),
  enable_model_summary: option(z.boolean(), 'Shows the model in the plan.', { default: true }),
  default_root_dir: option(z.string().nullable(), 'Accepted: results go to output.path, everything else to the state directory.', {
    default: null,
    availability: 'accepted, no effect',
  }),
  precision: option(later(precision, [32, '32', '32-true']), 'Width of floating point numbers.', { default: 32 }),
  devices: option(neutral(['auto', 1, '1'], oneDevice), 'Number of devices.'),
  num_nodes: option(neutral([1], oneDevice), 'Number of machines.'),
  strategy: option(neutral(['auto'], oneDevice), 'How several devices share the work.'),
  sync_batchnorm: option(neutral([false], oneDevice), 'BatchNorm over several devices.'),
  use_distributed_sampler: option(neutral([true], oneDevice), 'Splits data over several devices.'),
  plugins: option(neutral([null, []], 'Lightning plugins are Python code'), 'Lightning plugins.'),
  profiler: option(neutral([null], 'Lightning profilers are Python code'), 'Lightning profiler.'),
  barebones: option(neutral([false], 'it would switch off saving and logging'), 'Lightning without its features.'),
  benchmark: option(neutral([null, false], 'it is a switch of cuDNN'), 'cuDNN benchmark mode.'),
  inference_mode: option(neutral([true], always), 'torch inference mode in validation.'),
  reload_dataloaders_every_n_epochs: option(neutral([0], 'data is frozen when the run is loaded'), 'Reloads the data.'),
});
