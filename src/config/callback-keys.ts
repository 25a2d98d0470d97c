import { z } from 'zod';
import type { ClassTable } from './classes.ts';
import { atLeast, later, neutral, option, text, wholeNumber } from './options.ts';

const mode = option(z.enum(['min', 'max']), 'Whether smaller or larger is better.', { default: 'min' });
const verbose = option(z.boolean(), 'Accepted: what a callback does is always reported.', {
  default: false,
  availability: 'accepted, no effect',
});
const ownLayout = 'the store has its own layout';

// Arguments and defaults: Lightning 2.4, lightning.pytorch.callbacks.
const earlyStopping = z.strictObject({
  monitor: option(text(), 'Metric to watch, such as val/total/loss. Required.'),
  min_delta: option(atLeast(0), 'A smaller change is no improvement.', { default: 0 }),
  patience: option(wholeNumber(0), 'Validations without improvement before training stops.', { default: 3 }),
  mode,
  strict: option(z.boolean(), 'A missing monitor is an error.', { default: true }),
  check_finite: option(z.boolean(), 'Stops when the monitor is not finite.', { default: true }),
  stopping_threshold: option(z.number().nullable(), 'Stops as soon as the monitor is better than this.', { default: null }),
  divergence_threshold: option(z.number().nullable(), 'Stops as soon as the monitor is worse than this.', { default: null }),
  verbose,
  check_on_train_epoch_end: option(later(z.boolean().nullable(), [null, false]), 'Checks after training instead of validation.'),
  log_rank_zero_only: option(z.boolean(), 'Accepted: there is one process.', { default: false, availability: 'accepted, no effect' }),
});

const checkpointShape = {
  monitor: option(text().nullable(), 'Metric that decides which weights are best; null: val/total/loss.', { default: null }),
  mode,
  save_top_k: option(neutral([1], 'the best and the last weights are kept'), 'How many of the best weights to keep.', { default: 1 }),
  save_last: option(z.union([z.boolean(), z.literal('link')]).nullable(), 'Accepted: the last weights are always kept.', {
    default: null,
    availability: 'accepted, no effect',
  }),
  verbose,
  dirpath: option(neutral([null], ownLayout), 'Directory.'),
  filename: option(neutral([null], ownLayout), 'File name.'),
  save_weights_only: option(neutral([false], 'a snapshot is always complete'), 'Leaves optimizer state out.'),
  auto_insert_metric_name: option(neutral([true], ownLayout), 'Metric in the file name.'),
  every_n_train_steps: option(neutral([null], 'use trainer.snapshot'), 'Saves by steps.'),
  train_time_interval: option(neutral([null], 'use trainer.snapshot'), 'Saves by time.'),
  every_n_epochs: option(neutral([null, 1], 'best is decided at every validation'), 'Saves by epochs.'),
  save_on_train_epoch_end: option(neutral([null, false], 'best is decided at every validation'), 'Saves after training.'),
  enable_version_counter: option(neutral([true], ownLayout), 'Version in the file name.'),
};

/** Lightning's callbacks, with its argument names and defaults (2.4), and molflux's ModelCheckpointApply. */
export const callbackClasses: ClassTable = {
  noun: 'callback',
  available: new Map<string, z.ZodObject>([
    ['EarlyStopping', earlyStopping],
    ['ModelCheckpoint', z.strictObject(checkpointShape)],
    ['ModelCheckpointApply', z.strictObject(checkpointShape)],
    [
      'LearningRateMonitor',
      z.strictObject({
        logging_interval: option(z.enum(['step', 'epoch']).nullable(), 'Accepted: the learning rate is in every logged row.', {
          default: null,
          availability: 'accepted, no effect',
        }),
        log_momentum: option(later(z.boolean(), [false]), 'Logs the momentum too.'),
        log_weight_decay: option(later(z.boolean(), [false]), 'Logs the weight decay too.'),
      }),
    ],
  ]),
  later: [
    'EMAWeightAveraging',
    'WeightAveraging',
    'BackboneFinetuning',
    'BaseFinetuning',
    'BasePredictionWriter',
    'BatchSizeFinder',
    'Checkpoint',
    'DeviceStatsMonitor',
    'GradientAccumulationScheduler',
    'LearningRateFinder',
    'ModelPruning',
    'ModelSummary',
    'OnExceptionCheckpoint',
    'ProgressBar',
    'RichModelSummary',
    'RichProgressBar',
    'SpikeDetection',
    'StochasticWeightAveraging',
    'ThroughputMonitor',
    'Timer',
    'TQDMProgressBar',
  ],
  refused: new Map([['LambdaCallback', 'it needs Python functions']]),
};
