import { z } from 'zod';
import { atLeast, neutral, option, wholeNumber } from './options.ts';

const period = () =>
  z.union([wholeNumber(1), z.enum(['num_steps', 'num_epochs'])]).meta({ words: 'a whole number >= 1, "num_steps" or "num_epochs"' });

/** A rate: torch takes a list with a number for each parameter group too, here one number serves all groups. */
export const oneNumber = (): z.ZodNumber => atLeast(0).meta({ words: 'one number >= 0 for all parameter groups' });

const totalIters = (least: number) => option(wholeNumber(least), 'Scheduler steps until the end is reached.', { default: 5 });
const etaMin = option(atLeast(0), 'Lowest learning rate.', { default: 0 });
const anneal = option(z.enum(['cos', 'linear']), 'Shape of the way between two rates.', { default: 'cos' });
const share = () => z.number().min(0).max(1);

/** base_momentum, max_momentum and cycle_momentum, which differ in their defaults alone. */
function momentumCycle(base: number, max: number) {
  return {
    cycle_momentum: option(z.boolean(), 'Moves momentum (or the first of betas) against the learning rate.', { default: true }),
    base_momentum: option(share(), 'Lowest momentum.', { default: base }),
    max_momentum: option(share(), 'Highest momentum, which the schedule starts with.', { default: max }),
  };
}

/** Arguments of the schedulers whose learning rate is a function of the count alone. By torch 2.4's class name; defaults and ranges are torch's. */
export const curveClasses: ReadonlyMap<string, z.ZodRawShape> = new Map<string, z.ZodRawShape>([
  [
    'ConstantLR',
    {
      factor: option(share(), 'Learning rate until total_iters, as a factor.', { default: 1 / 3 }),
      total_iters: option(wholeNumber(0), 'Scheduler steps with the factor.', { default: 5 }),
    },
  ],
  [
    'LinearLR',
    {
      start_factor: option(z.number().gt(0).max(1), 'First factor.', { default: 1 / 3 }),
      end_factor: option(share(), 'Last factor.', { default: 1 }),
      total_iters: totalIters(1),
    },
  ],
  [
    'StepLR',
    {
      step_size: option(wholeNumber(1), 'Scheduler steps between two drops. Required.'),
      gamma: option(atLeast(0), 'Factor of a drop.', { default: 0.1 }),
    },
  ],
  [
    'MultiStepLR',
    {
      milestones: option(z.array(wholeNumber(0)), 'Scheduler steps of the drops. Required.'),
      gamma: option(atLeast(0), 'Factor of a drop.', { default: 0.1 }),
    },
  ],
  ['ExponentialLR', { gamma: option(atLeast(0), 'Factor of each scheduler step. Required.') }],
  ['PolynomialLR', { total_iters: totalIters(1), power: option(atLeast(0), 'Power of the fall.', { default: 1 }) }],
  [
    'CosineAnnealingLR',
    {
      T_max: option(period(), 'Half period in scheduler steps; num_steps and num_epochs are those of the stage.', { default: 'num_steps' }),
      eta_min: etaMin,
    },
  ],
  [
    'CosineAnnealingWarmRestarts',
    {
      T_0: option(wholeNumber(1), 'Scheduler steps of the first cycle. Required.'),
      T_mult: option(wholeNumber(1), 'How much longer each next cycle is.', { default: 1 }),
      eta_min: etaMin,
    },
  ],
  [
    'OneCycleLR',
    {
      max_lr: option(oneNumber(), "Highest learning rate; the optimizer's own is replaced. Required."),
      total_steps: option(period().nullable(), 'Scheduler steps of the whole cycle. Required without epochs and steps_per_epoch.', {
        default: null,
      }),
      epochs: option(wholeNumber(1).nullable(), 'With steps_per_epoch, in place of total_steps.', { default: null }),
      steps_per_epoch: option(wholeNumber(1).nullable(), 'With epochs, in place of total_steps.', { default: null }),
      pct_start: option(share(), 'Share of the cycle in which the learning rate rises.', { default: 0.3 }),
      anneal_strategy: anneal,
      ...momentumCycle(0.85, 0.95),
      div_factor: option(z.number().gt(0), 'max_lr divided by the first learning rate.', { default: 25 }),
      final_div_factor: option(z.number().gt(0), 'First learning rate divided by the last one.', { default: 1e4 }),
      three_phase: option(z.boolean(), 'Falls back to the first learning rate before it falls to the last.', { default: false }),
    },
  ],
  [
    'CyclicLR',
    {
      base_lr: option(oneNumber(), "Lowest learning rate; the optimizer's own is replaced. Required."),
      max_lr: option(oneNumber(), 'Highest learning rate. Required.'),
      step_size_up: option(wholeNumber(1), 'Scheduler steps of the rise.', { default: 2000 }),
      step_size_down: option(wholeNumber(1).nullable(), 'Scheduler steps of the fall; null: those of the rise.', { default: null }),
      mode: option(z.enum(['triangular', 'triangular2', 'exp_range']), 'How the height changes from cycle to cycle.', {
        default: 'triangular',
      }),
      gamma: option(z.number(), 'Factor of each scheduler step in exp_range mode.', { default: 1 }),
      scale_fn: option(neutral([null], 'it needs a Python function'), 'torch: a height of its own.'),
      scale_mode: option(neutral(['cycle', 'iterations'], 'it belongs to scale_fn'), 'torch: what scale_fn is given.'),
      ...momentumCycle(0.8, 0.9),
    },
  ],
  [
    'SWALR',
    {
      swa_lr: option(oneNumber(), 'Learning rate at the end. Required.'),
      anneal_epochs: option(wholeNumber(0), 'Scheduler steps of the way there.', { default: 10 }),
      anneal_strategy: anneal,
    },
  ],
]);

/** Arguments without a default, by class. */
export const requiredArguments: Readonly<Record<string, readonly string[]>> = {
  StepLR: ['step_size'],
  MultiStepLR: ['milestones'],
  ExponentialLR: ['gamma'],
  CosineAnnealingLR: ['T_max'],
  CosineAnnealingWarmRestarts: ['T_0'],
  OneCycleLR: ['max_lr'],
  CyclicLR: ['base_lr', 'max_lr'],
  SWALR: ['swa_lr'],
  SequentialLR: ['schedulers', 'milestones'],
  ChainedScheduler: ['schedulers'],
};
