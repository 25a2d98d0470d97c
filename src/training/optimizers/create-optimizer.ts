import { fill } from '@tensorflow/tfjs-core';
import type { Json } from '../../contracts/json.ts';
import type { ParameterGroupPlan } from '../../contracts/plan.ts';
import { RootstockError } from '../../errors.ts';
import type { TorchArguments } from '../torch-arguments.ts';
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
export function createOptimizer(plan: NamedPlan): Optimizer {
  const factory = Object.hasOwn(FACTORIES, plan.name) ? FACTORIES[plan.name] : undefined;
  if (factory === undefined) {
    const available = Object.keys(FACTORIES);
    throw new RootstockError(
      'NOT_AVAILABLE',
      `optimizer.name: "${plan.name}" is not available.\nFix: use one of ${available.join(', ')}.`,
      { name: plan.name, available },
    );
  }
  const groups = [argumentsOf(plan, plan.config), ...(plan.groups ?? []).map(({ config }) => argumentsOf(plan, config))];
  const rules = groups.map(factory);
  const placed = new Map((plan.groups ?? []).flatMap(({ paths }, index) => paths.map((path) => [path, index + 1] as const)));
  const groupOf = (path: string): number => placed.get(path) ?? 0;
  const ruleOf = (path: string): UpdateRule => rules[groupOf(path)] as UpdateRule;
  return {
    name: plan.name,
    baseLrs: groups.map(({ values }) => Number(values['lr'])),
    groupOf,
    slotNames: (path) => ruleOf(path).slots.map(({ name }) => name),
    initialState: ({ path, shape }) => initialSlots(ruleOf(path), shape),
    update: (input) => ruleOf(input.path).update(input),
  };
}

/** A plan whose name has not been checked. `groups`: parameters with arguments of their own. */
interface NamedPlan {
  readonly name: string;
  readonly config: Readonly<Record<string, Json>>;
  readonly groups?: readonly ParameterGroupPlan[];
}

function argumentsOf({ name }: NamedPlan, values: NamedPlan['config']): TorchArguments {
  return { owner: `optimizer ${name}`, values };
}

function initialSlots(rule: UpdateRule, shape: readonly number[]): Slots {
  return Object.fromEntries(
    rule.slots.map(({ name, fill: value, extent }) => [name, fill(extent === 'scalar' ? [] : [...shape], value, 'float32')]),
  );
}
