import { z } from 'zod';
import type { ClassTable } from './classes.ts';
import { atLeast, later, neutral, option, text } from './options.ts';

const unit = () => z.number().min(0).lt(1);
const torchOnly = 'it only changes how torch computes';

const torchSwitches = {
  foreach: option(neutral([null, false], torchOnly), 'torch: batched update.'),
  fused: option(neutral([null, false], torchOnly), 'torch: fused update.'),
  differentiable: option(neutral([false], torchOnly), 'torch: differentiable update.'),
};
const capturable = option(neutral([false], torchOnly), 'torch: CUDA graphs.');
const maximize = option(z.boolean(), 'Climbs instead of descends.', { default: false });
const lr = option(atLeast(0), 'Learning rate.', { default: 1e-3 });

// Arguments and defaults: torch 2.4, torch.optim.Adam, AdamW, SGD.
const adamShape = {
  lr,
  betas: option(z.tuple([unit(), unit()]), 'Decay rates of the two moving averages.', { default: [0.9, 0.999] }),
  eps: option(atLeast(0), 'Added to the denominator.', { default: 1e-8 }),
  amsgrad: option(z.boolean(), 'Keeps the maximum of the second average (AMSGrad).', { default: false }),
  maximize,
  capturable,
  ...torchSwitches,
};

/** The optimizers of torch: arguments and ranges of torch 2.4. */
export const optimizerClasses: ClassTable = {
  noun: 'optimizer',
  available: new Map<string, z.ZodObject>([
    ['Adam', z.strictObject({ ...adamShape, weight_decay: option(atLeast(0), 'L2 penalty, added to the gradient.', { default: 0 }) })],
    ['AdamW', z.strictObject({ ...adamShape, weight_decay: option(atLeast(0), 'Decoupled weight decay.', { default: 1e-2 }) })],
    [
      'SGD',
      z.strictObject({
        lr,
        momentum: option(atLeast(0), 'Momentum.', { default: 0 }),
        dampening: option(z.number(), 'Dampening of the momentum.', { default: 0 }),
        weight_decay: option(atLeast(0), 'L2 penalty, added to the gradient.', { default: 0 }),
        nesterov: option(z.boolean(), 'Nesterov momentum; needs momentum > 0 and dampening 0.', { default: false }),
        maximize,
        ...torchSwitches,
      }),
    ],
  ]),
  later: ['RMSprop', 'Adagrad', 'Adadelta', 'Adamax', 'NAdam', 'RAdam', 'ASGD', 'Rprop'],
  refused: new Map([
    ['LBFGS', 'it evaluates the loss several times in one step, which a resumable step cannot do'],
    ['SparseAdam', 'it needs sparse gradients'],
  ]),
};

const anything = z.union([z.array(z.unknown()), z.record(z.string(), z.unknown()), z.number()]).nullable();

/** The optimizer section. `config` is checked against the class that `name` chooses. */
export const optimizerSchema = z.strictObject({
  name: option(text(), 'Class name of torch, letter case ignored.', { default: 'Adam' }),
  config: option(
    z.record(z.string(), z.unknown()).meta({ words: 'a mapping of arguments' }),
    'Arguments of the class, with torch names, defaults and formulae.',
    {
      default: { lr: 1e-4 },
    },
  ),
  param_groups: option(later(anything, [null]), 'Other arguments for some parameters.'),
  layer_decay: option(later(anything, [null]), 'Lower learning rates for earlier layers.'),
  no_weight_decay: option(later(anything, [null]), 'Parameters without weight decay.'),
});
