import { z } from 'zod';
import type { ClassTable } from './classes.ts';
import { neutral, option, text, wholeNumber } from './options.ts';
import { curveClasses, oneNumber } from './scheduler-classes.ts';

const common = {
  last_epoch: option(
    neutral([-1], 'a stage always starts its schedule anew, or resumes it from a snapshot'),
    'torch: position to start from.',
  ),
  verbose: option(neutral([false, 'deprecated'], 'the learning rate is in the metrics'), 'torch: prints each change.'),
};

/** One scheduler inside a list. `config` is checked against the class that `name` chooses. */
const member = z.strictObject({
  name: option(text(), 'Class name of torch, letter case ignored. Required.'),
  config: option(z.record(z.string(), z.unknown()).meta({ words: 'a mapping of arguments' }), 'Arguments of the class.'),
});

const members = () =>
  option(
    z.array(member).min(1).meta({ words: 'a non-empty list of mappings {name, config}' }),
    'Schedulers, as mappings {name, config}. Required.',
  );

const refused = new Map([
  ['LambdaLR', 'it needs a Python function'],
  ['MultiplicativeLR', 'it needs a Python function'],
]);

const SUFFIX = 'lr';

/** The schedulers that may stand inside SequentialLR and ChainedScheduler. */
export const memberClasses: ClassTable = {
  noun: 'scheduler',
  suffix: SUFFIX,
  available: new Map([...curveClasses].map(([name, shape]) => [name, z.strictObject({ ...shape, ...common })])),
  later: [],
  refused: new Map([
    ...refused,
    ['ReduceLROnPlateau', 'a list cannot step it, because only it needs a metric; torch refuses it there too'],
    ['SequentialLR', 'a list of schedulers cannot stand inside a list'],
    ['ChainedScheduler', 'a list of schedulers cannot stand inside a list'],
  ]),
};

/** The learning rate schedulers of torch: arguments, defaults and ranges of torch 2.4, `torch.optim.lr_scheduler` and `swa_utils`. */
export const schedulerClasses: ClassTable = {
  noun: 'scheduler',
  suffix: SUFFIX,
  available: new Map<string, z.ZodObject>([
    ...memberClasses.available,
    [
      'ReduceLROnPlateau',
      z.strictObject({
        mode: option(z.enum(['min', 'max']), 'Whether smaller or larger is better.', { default: 'min' }),
        factor: option(z.number().min(0).lt(1), 'Factor of a reduction.', { default: 0.1 }),
        patience: option(wholeNumber(0), 'Epochs without an improvement that are borne.', { default: 10 }),
        threshold: option(z.number().min(0), 'Smallest change that is an improvement.', { default: 1e-4 }),
        threshold_mode: option(z.enum(['rel', 'abs']), 'Whether threshold is a share of the best value, or a difference.', {
          default: 'rel',
        }),
        cooldown: option(wholeNumber(0), 'Epochs after a reduction that do not count.', { default: 0 }),
        min_lr: option(oneNumber(), 'Lowest learning rate.', { default: 0 }),
        eps: option(z.number().min(0), 'A reduction by no more than this is left out.', { default: 1e-8 }),
        verbose: common.verbose,
      }),
    ],
    [
      'SequentialLR',
      z.strictObject({
        schedulers: members(),
        milestones: option(
          z.array(wholeNumber(1)).meta({ words: 'a list of whole numbers >= 1' }),
          'Scheduler steps at which the next one takes over, counting from 0. Required.',
        ),
        ...common,
      }),
    ],
    ['ChainedScheduler', z.strictObject({ schedulers: members() })],
  ]),
  later: [],
  refused,
};

const warmup = z.strictObject({
  steps: option(wholeNumber(1).nullable(), 'Optimizer steps of the warm-up. Either this or fraction.'),
  fraction: option(z.number().gt(0).lt(1).nullable(), "Share of the stage's optimizer steps, rounded up. Either this or steps."),
  start_factor: option(z.number().gt(0).max(1), "Where it starts, as a factor of the schedule's first learning rate.", {
    default: 1 / 3,
  }),
});

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
  interval: option(z.enum(['step', 'epoch']), 'What one scheduler step is; always epoch for ReduceLROnPlateau.', { default: 'step' }),
  frequency: option(wholeNumber(1), 'Intervals between two scheduler steps.', { default: 1 }),
  monitor: option(text(), 'Metric that ReduceLROnPlateau watches; the others watch none.', { default: 'val/total/loss' }),
  strict: option(z.boolean(), 'Whether a monitor that was not logged is an error; otherwise such an epoch does not count.', {
    default: true,
  }),
  warmup: option(warmup.nullable(), 'Raises the learning rate linearly before the schedule begins, which counts from then on.', {
    default: null,
  }),
});

/** The scheduler section: a mapping, or null for none. A bare list is refused: SequentialLR and ChainedScheduler say what a list means. */
export const schedulerSchema = z
  .union([
    schedulerObject,
    z.array(z.unknown()).refine(() => false, {
      params: { code: 'NOT_AVAILABLE' },
      error:
        'a bare list of schedulers is not available; give {name: SequentialLR, config: {schedulers: [...], milestones: [...]}} or {name: ChainedScheduler, config: {schedulers: [...]}}',
    }),
  ])
  .nullable()
  .meta({ words: 'a mapping {name, config, ...} or null' });
