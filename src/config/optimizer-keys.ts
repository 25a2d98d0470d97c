import { z } from 'zod';
import type { ClassTable } from './classes.ts';
import { atLeast, neutral, option, text } from './options.ts';

const unit = () => z.number().min(0).lt(1);
const torchOnly = 'it only changes how torch computes';

// The switches of torch that say how it computes. Not every class has every one.
const foreach = option(neutral([null, false], torchOnly), 'torch: batched update.');
const fused = option(neutral([null, false], torchOnly), 'torch: fused update.');
const differentiable = option(neutral([false], torchOnly), 'torch: differentiable update.');
const capturable = option(neutral([false], torchOnly), 'torch: CUDA graphs.');
const maximize = option(z.boolean(), 'Climbs instead of descends.', { default: false });

const lr = (fallback: number) => option(atLeast(0), 'Learning rate.', { default: fallback });
const eps = (fallback: number) => option(atLeast(0), 'Added to the denominator.', { default: fallback });
const betas = option(z.tuple([unit(), unit()]), 'Decay rates of the two moving averages.', { default: [0.9, 0.999] });
const penalty = option(atLeast(0), 'L2 penalty, added to the gradient.', { default: 0 });
const decoupled = option(z.boolean(), 'Takes weight_decay straight from the parameter, as AdamW does.', { default: false });

const adamShape = {
  lr: lr(1e-3),
  betas,
  eps: eps(1e-8),
  amsgrad: option(z.boolean(), 'Keeps the maximum of the second average (AMSGrad).', { default: false }),
  maximize,
  capturable,
  foreach,
  fused,
  differentiable,
};

// torch: "Rprop: 0 < etaminus < 1 < etaplus".
const etas = z
  .tuple([z.number().gt(0).lt(1), z.number().gt(1)])
  .meta({ words: 'two numbers [etaminus, etaplus] with 0 < etaminus < 1 < etaplus' });

/** The optimizers of torch: arguments, defaults and ranges of torch 2.4, `torch.optim`. */
export const optimizerClasses: ClassTable = {
  noun: 'optimizer',
  available: new Map<string, z.ZodObject>([
    ['Adam', z.strictObject({ ...adamShape, weight_decay: penalty })],
    ['AdamW', z.strictObject({ ...adamShape, weight_decay: option(atLeast(0), 'Decoupled weight decay.', { default: 1e-2 }) })],
    [
      'SGD',
      z.strictObject({
        lr: lr(1e-3),
        momentum: option(atLeast(0), 'Momentum.', { default: 0 }),
        dampening: option(z.number(), 'Dampening of the momentum.', { default: 0 }),
        weight_decay: penalty,
        nesterov: option(z.boolean(), 'Nesterov momentum; needs momentum > 0 and dampening 0.', { default: false }),
        maximize,
        foreach,
        fused,
        differentiable,
      }),
    ],
    [
      'RMSprop',
      z.strictObject({
        lr: lr(1e-2),
        alpha: option(atLeast(0), 'Decay rate of the moving average of squares.', { default: 0.99 }),
        eps: eps(1e-8),
        weight_decay: penalty,
        momentum: option(atLeast(0), 'Momentum.', { default: 0 }),
        centered: option(z.boolean(), 'Divides by an estimate of the standard deviation.', { default: false }),
        maximize,
        capturable,
        foreach,
        differentiable,
      }),
    ],
    [
      'Adagrad',
      z.strictObject({
        lr: lr(1e-2),
        lr_decay: option(atLeast(0), 'Decay of the learning rate: lr / (1 + (step - 1) * lr_decay).', { default: 0 }),
        weight_decay: penalty,
        initial_accumulator_value: option(atLeast(0), 'First value of the sum of squares.', { default: 0 }),
        eps: eps(1e-10),
        maximize,
        foreach,
        fused,
        differentiable,
      }),
    ],
    [
      'Adadelta',
      z.strictObject({
        lr: lr(1),
        rho: option(z.number().min(0).max(1), 'Decay rate of the moving averages of squares.', { default: 0.9 }),
        eps: eps(1e-6),
        weight_decay: penalty,
        maximize,
        capturable,
        foreach,
        differentiable,
      }),
    ],
    [
      'Adamax',
      z.strictObject({ lr: lr(2e-3), betas, eps: eps(1e-8), weight_decay: penalty, maximize, capturable, foreach, differentiable }),
    ],
    [
      'NAdam',
      z.strictObject({
        lr: lr(2e-3),
        betas,
        eps: eps(1e-8),
        weight_decay: penalty,
        momentum_decay: option(atLeast(0), 'Decay of the momentum.', { default: 4e-3 }),
        decoupled_weight_decay: decoupled,
        maximize,
        capturable,
        foreach,
        differentiable,
      }),
    ],
    [
      'RAdam',
      z.strictObject({
        lr: lr(1e-3),
        betas,
        eps: eps(1e-8),
        weight_decay: penalty,
        decoupled_weight_decay: decoupled,
        maximize,
        capturable,
        foreach,
        differentiable,
      }),
    ],
    [
      'ASGD',
      z.strictObject({
        lr: lr(1e-2),
        lambd: option(z.number(), 'Decay term.', { default: 1e-4 }),
        alpha: option(z.number(), 'Power of the update of the step size.', { default: 0.75 }),
        t0: option(z.number(), 'Step at which averaging starts.', { default: 1e6 }),
        weight_decay: penalty,
        maximize,
        capturable,
        foreach,
        differentiable,
      }),
    ],
    [
      'Rprop',
      z.strictObject({
        lr: lr(1e-2),
        etas: option(etas, 'Factors of the step size after a turn and along a direction.', { default: [0.5, 1.2] }),
        step_sizes: option(z.tuple([atLeast(0), atLeast(0)]), 'Smallest and largest step size.', { default: [1e-6, 50] }),
        maximize,
        capturable,
        foreach,
        differentiable,
      }),
    ],
  ]),
  later: [],
  refused: new Map([
    ['LBFGS', 'it evaluates the loss several times in one step, which a resumable step cannot do'],
    ['SparseAdam', 'it needs sparse gradients'],
  ]),
};

const parameterNames = () => z.array(text()).min(1).meta({ words: 'a non-empty list of names or globs' });

/** One entry of param_groups: `params`, and arguments of the class that differ for them (checked against that class). */
const parameterGroup = z.looseObject({
  params: option(parameterNames(), 'Modules (with everything below them), parameters, or globs over both. Required.'),
});

/** The optimizer section. `config` and the entries of `param_groups` are checked against the class that `name` chooses. */
export const optimizerSchema = z.strictObject({
  name: option(text(), 'Class name of torch, letter case ignored.', { default: 'Adam' }),
  config: option(
    z.record(z.string(), z.unknown()).meta({ words: 'a mapping of arguments' }),
    'Arguments of the class, with torch names, defaults and formulae.',
    {
      default: { lr: 1e-4 },
    },
  ),
  param_groups: option(
    z.array(parameterGroup).min(1).nullable().meta({ words: 'a non-empty list of {params, arguments} or null' }),
    'Other arguments for some parameters; the rest is as in config. No parameter may be in two entries.',
    { default: null },
  ),
  layer_decay: option(
    z.number().gt(0).max(1).nullable(),
    "Factor of a parameter's learning rate for each block between it and the output.",
    { default: null },
  ),
  no_weight_decay: option(
    z.union([z.boolean(), parameterNames()]).nullable().meta({ words: 'true, false, null, or a non-empty list of names or globs' }),
    'Sets weight_decay to 0: true for biases and one-dimensional parameters, a list for the parameters it names.',
    { default: null },
  ),
});
