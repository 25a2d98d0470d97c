import { z } from 'zod';
import type { ClassTable } from './classes.ts';
import { atLeast, neutral, option, text, wholeNumber } from './options.ts';

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
  check_on_train_epoch_end: option(
    z.boolean().nullable(),
    'true: judged at the end of every epoch, by the newest value; false: at validations only; null: whenever the monitor is logged.',
    { default: null },
  ),
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
  save_weights_only: option(z.boolean(), 'Accepted: weights are published by themselves, the state to resume from stays in the store.', {
    default: false,
    availability: 'accepted, no effect',
  }),
  auto_insert_metric_name: option(neutral([true], ownLayout), 'Metric in the file name.'),
  every_n_train_steps: option(neutral([null], 'use trainer.snapshot'), 'Saves by steps.'),
  train_time_interval: option(neutral([null], 'use trainer.snapshot'), 'Saves by time.'),
  every_n_epochs: option(neutral([null, 1], 'best is decided at every validation'), 'Saves by epochs.'),
  save_on_train_epoch_end: option(neutral([null, false], 'best is decided at every validation'), 'Saves after training.'),
  enable_version_counter: option(neutral([true], ownLayout), 'Version in the file name.'),
};

// Arguments and defaults: Lightning 2.6, lightning.pytorch.callbacks.EMAWeightAveraging.
const emaWeightAveraging = z.strictObject({
  decay: option(
    z.number().min(0).max(1),
    'The average keeps this much of itself at every update: decay * average + (1 - decay) * weights.',
    {
      default: 0.999,
    },
  ),
  update_every_n_steps: option(wholeNumber(0), 'Optimizer steps between two updates; 0: none by steps.', { default: 1 }),
  update_starting_at_step: option(wholeNumber(0).nullable(), 'Optimizer step, from 0, after which updates begin; null: the first.', {
    default: null,
  }),
  update_starting_at_epoch: option(
    wholeNumber(0).nullable(),
    'Epoch, from 0, from which on there is one more update at the end of each, after its validation; null: none.',
    { default: null },
  ),
  use_buffers: option(z.boolean(), 'Averages BatchNorm statistics too; false: copies the newest ones.', { default: true }),
  device: option(neutral([null, 'cpu'], 'averages live where the weights live'), 'Where the average is kept.'),
});

/** Lightning's callbacks, with its argument names and defaults (2.4; EMAWeightAveraging 2.6), and molflux's ModelCheckpointApply. */
export const callbackClasses: ClassTable = {
  noun: 'callback',
  suffix: 'callback',
  available: new Map<string, z.ZodObject>([
    ['EarlyStopping', earlyStopping],
    ['EMAWeightAveraging', emaWeightAveraging],
    ['ModelCheckpoint', z.strictObject(checkpointShape)],
    ['ModelCheckpointApply', z.strictObject(checkpointShape)],
    [
      'LearningRateMonitor',
      z.strictObject({
        logging_interval: option(
          z.enum(['step', 'epoch']).nullable(),
          "step or null: the learning rate is in every logged step's row, as it is without this callback; epoch: that of an epoch's last step is among the epoch's metrics too. Several parameter groups have rows such as lr-AdamW/pg1 beside lr, which is the rate of the parameters in no group.",
          { default: null },
        ),
        log_momentum: option(
          z.boolean(),
          'Adds rows such as lr-AdamW-momentum: momentum, or the first of betas; 0 where there is neither.',
          {
            default: false,
          },
        ),
        log_weight_decay: option(z.boolean(), 'Adds rows such as lr-AdamW-weight_decay; none for an optimizer without one.', {
          default: false,
        }),
      }),
    ],
  ]),
  later: [],
  refused: new Map([
    ['WeightAveraging', 'it needs a Python function; use EMAWeightAveraging'],
    ['StochasticWeightAveraging', 'use EMAWeightAveraging'],
    ['BackboneFinetuning', 'write stages with freeze_modules under transfer_learning'],
    ['BaseFinetuning', 'it needs Python functions; write stages with freeze_modules under transfer_learning'],
    ['BasePredictionWriter', 'it needs Python functions; `rootstock predict` writes predictions'],
    ['BatchSizeFinder', 'a batch size that the machine decides is not reproducible; set datamodule.train.batch_size'],
    ['Checkpoint', 'it does nothing by itself; use ModelCheckpoint'],
    ['DeviceStatsMonitor', '`rootstock status` shows steps per second'],
    ['GradientAccumulationScheduler', 'set trainer.accumulate_grad_batches, in each stage if it changes'],
    ['LambdaCallback', 'it needs Python functions'],
    ['LearningRateFinder', 'set optimizer.config.lr'],
    ['ModelPruning', 'there is no pruning; leave it out'],
    ['ModelSummary', '`rootstock plan` shows the model; leave it out'],
    ['OnExceptionCheckpoint', 'state is saved all the time (trainer.snapshot); leave it out'],
    ['ProgressBar', 'progress is shown unless trainer.enable_progress_bar is false; leave it out'],
    ['RichModelSummary', '`rootstock plan` shows the model; leave it out'],
    ['RichProgressBar', 'progress is shown unless trainer.enable_progress_bar is false; leave it out'],
    ['SpikeDetection', 'set trainer.detect_anomaly or gradient_clip_val'],
    ['ThroughputMonitor', '`rootstock status` shows steps per second'],
    ['Timer', 'set trainer.max_time'],
    ['TQDMProgressBar', 'progress is shown unless trainer.enable_progress_bar is false; leave it out'],
  ]),
};
