import { fill } from '@tensorflow/tfjs-core';
import type { Json } from '../../contracts/json.ts';
import { RootstockError } from '../../errors.ts';
import { adadelta } from './adadelta.ts';
import { adagrad } from './adagrad.ts';
import { adam } from './adam.ts';
import { adamax } from './adamax.ts';
import { adamW } from './adamw.ts';
import { asgd } from './asgd.ts';
import { nadam } from './nadam.ts';
import type { Optimizer, Slots, UpdateRule, UpdateRuleFactory } from './optimizer.ts';
import { radam } from './radam.ts';
import { rmsprop } from './rmsprop.ts';
import { rprop } from './rprop.ts';
import { sgd } from './sgd.ts';

/** Every optimizer by its canonical torch name: one file each. Which of them a run file may name is decided in `config`. */
const FACTORIES: Readonly<Record<string, UpdateRuleFactory>> = {
  Adadelta: adadelta,
  Adagrad: adagrad,
  Adam: adam,
  Adamax: adamax,
  AdamW: adamW,
  ASGD: asgd,
  NAdam: nadam,
  RAdam: radam,
  RMSprop: rmsprop,
  Rprop: rprop,
  SGD: sgd,
};

/**
 * Creates the optimizer that a plan names. `config` holds torch's arguments; absent ones take torch 2.4's defaults.
 * Throws NOT_AVAILABLE for a name without an implementation, STAGE_INVALID for values that torch would refuse.
 */
export function createOptimizer(plan: { readonly name: string; readonly config: Readonly<Record<string, Json>> }): Optimizer {
  const factory = Object.hasOwn(FACTORIES, plan.name) ? FACTORIES[plan.name] : undefined;
  if (factory === undefined) {
    const available = Object.keys(FACTORIES);
    throw new RootstockError(
      'NOT_AVAILABLE',
      `optimizer.name: "${plan.name}" is not available.\nFix: use one of ${available.join(', ')}.`,
      { name: plan.name, available },
    );
  }
  const rule = factory({ owner: `optimizer ${plan.name}`, values: plan.config });
  // Parameter groups: the one place where a path chooses its rule.
  const ruleOf = (_path: string): UpdateRule => rule;
  return {
    name: plan.name,
    slotNames: (path) => ruleOf(path).slots.map(({ name }) => name),
    initialState: ({ path, shape }) => initialSlots(ruleOf(path), shape),
    update: (input) => ruleOf(input.path).update(input),
  };
}

function initialSlots(rule: UpdateRule, shape: readonly number[]): Slots {
  return Object.fromEntries(
    rule.slots.map(({ name, fill: value, extent }) => [name, fill(extent === 'scalar' ? [] : [...shape], value, 'float32')]),
  );
}
