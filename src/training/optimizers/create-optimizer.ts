import { fill } from '@tensorflow/tfjs-core';
import type { Json } from '../../contracts/json.ts';
import { RootstockError } from '../../errors.ts';
import { adam } from './adam.ts';
import { adamW } from './adamw.ts';
import type { Optimizer, Slots, UpdateRule, UpdateRuleFactory } from './optimizer.ts';
import { sgd } from './sgd.ts';

/** Every optimizer by its canonical torch name: one file each. Which of them a run file may name is decided in `config`. */
const FACTORIES: Readonly<Record<string, UpdateRuleFactory>> = {
  Adam: adam,
  AdamW: adamW,
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
