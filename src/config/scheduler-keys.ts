import { z } from 'zod';
import type { ClassTable } from './classes.ts';
import { later, neutral, option, text, wholeNumber } from './options.ts';

// Arguments and defaults: torch 2.4, torch.optim.lr_scheduler.
const common = {
  last_epoch: option(
    neutral([-1], 'a stage always starts its schedule anew, or resumes it from a snapshot'),
    'torch: position to start from.',
  ),
  verbose: option(neutral([false, 'deprecated'], 'the learning rate is in the metrics'), 'torch: prints each change.'),
};
const period = z
  .union([wholeNumber(1), z.enum(['num_steps', 'num_epochs'])])
  .meta({ words: 'a whole number >= 1, "num_steps" or "num_epochs"' });

/** The learning rate schedulers of torch: arguments of torch 2.4. */
export const schedulerClasses: ClassTable = {
  noun: 'scheduler',
  available: new Map<string, z.ZodObject>([
    [
      'ConstantLR',
      z.strictObject({
        factor: option(z.number().min(0).max(1), 'Learning rate until total_iters, as a factor.', { default: 1 / 3 }),
        total_iters: option(wholeNumber(0), 'Scheduler steps with the factor.', { default: 5 }),
        ...common,
      }),
    ],
    [
      'StepLR',
      z.strictObject({
        step_size: option(wholeNumber(1), 'Scheduler steps between two drops. Required.'),
        gamma: option(z.number().min(0), 'Factor of a drop.', { default: 0.1 }),
        ...common,
      }),
    ],
    [
      'CosineAnnealingLR',
      z.strictObject({
        T_max: option(period, 'Half period in scheduler steps; num_steps and num_epochs are those of the stage.', { default: 'num_steps' }),
        eta_min: option(z.number().min(0), 'Lowest learning rate.', { default: 0 }),
        ...common,
      }),
    ],
  ]),
  later: [
    'LinearLR',
    'MultiStepLR',
    'ExponentialLR',
    'PolynomialLR',
    'CosineAnnealingWarmRestarts',
    'OneCycleLR',
    'CyclicLR',
    'ReduceLROnPlateau',
    'SWALR',
    'SequentialLR',
    'ChainedScheduler',
  ],
  refused: new Map([
    ['LambdaLR', 'it needs a Python function'],
    ['MultiplicativeLR', 'it needs a Python function'],
  ]),
};

/** One scheduler as a mapping. `config` is checked against the class that `name` chooses. */
export const schedulerObject = z.strictObject({
  name: option(text(), 'Class name of torch, letter case ignored.', { default: 'CosineAnnealingLR' }),
  config: option(
    z.record(z.string(), z.unknown()).meta({ words: 'a mapping of arguments' }),
    'Arguments of the class, with torch names, defaults and formulae.',
    {
      default: { T_max: 'num_steps' },
    },
  ),
  interval: option(z.enum(['step', 'epoch']), 'What one scheduler step is.', { default: 'step' }),
  frequency: option(wholeNumber(1), 'Intervals between two scheduler steps.', { default: 1 }),
  monitor: option(text(), 'Metric that a plateau scheduler watches; accepted without effect by the schedulers available now.', {
    default: 'val/total/loss',
    availability: 'accepted, no effect',
  }),
  strict: option(z.boolean(), 'Whether a missing monitor is an error; accepted without effect by the schedulers available now.', {
    default: true,
    availability: 'accepted, no effect',
  }),
  warmup: option(
    later(z.union([z.record(z.string(), z.unknown()), z.number()]).nullable(), [null]),
    'Raises the learning rate slowly at the start.',
  ),
});

/** The scheduler section: a mapping, null for none, or a list (SequentialLR, ChainedScheduler), which comes later. */
export const schedulerSchema = z
  .union([
    schedulerObject,
    z.array(z.unknown()).refine(() => false, {
      params: { code: 'NOT_AVAILABLE' },
      error: 'a list of schedulers (SequentialLR, ChainedScheduler) is not available yet; give one scheduler',
    }),
  ])
  .nullable()
  .meta({ words: 'a mapping {name, config, ...} or null' });
