import type { JsonObject } from '../contracts/json.ts';
import type { OptimizerPlan } from '../contracts/plan.ts';
import type { ModuleTree } from '../contracts/tensors.ts';
import { resolveGroups } from './parameter-groups.ts';
import type { PlanProblem } from './problems.ts';
import { torchNumbers } from './torch-numbers.ts';

/** What the optimizer section alone cannot say. */
export interface OptimizerContext {
  readonly tree: ModuleTree;
  readonly trainable: readonly string[];
  /** Dotted place of the section. */
  readonly where: string;
  /** The momentum that the schedule starts with, when it cycles the momentum; otherwise null. */
  readonly cycledMomentum: number | null;
}

/**
 * Reads a resolved, validated optimizer section. A schedule that cycles the momentum replaces it in every group before the first step, as
 * torch's constructors of CyclicLR and OneCycleLR do. `groups` is absent when all parameters are alike.
 */
export function optimizerPlan(
  optimizer: JsonObject,
  context: OptimizerContext,
): { readonly plan: OptimizerPlan; readonly problems: readonly PlanProblem[] } {
  const { cycledMomentum, ...place } = context;
  const numbersOf = (config: JsonObject): JsonObject => withMomentum(torchNumbers(config), cycledMomentum);
  const config = numbersOf((optimizer['config'] ?? {}) as JsonObject);
  const { groups, problems } = resolveGroups({ ...place, optimizer, config, numbersOf });
  const name = optimizer['name'] as OptimizerPlan['name'];
  return { plan: { name, config, ...(groups.length === 0 ? {} : { groups }) }, problems };
}

function withMomentum(config: JsonObject, momentum: number | null): JsonObject {
  if (momentum === null) return config;
  const { betas } = config;
  return {
    ...config,
    ...(config['momentum'] === undefined ? {} : { momentum }),
    ...(Array.isArray(betas) ? { betas: [momentum, ...(betas as readonly number[]).slice(1)] } : {}),
  };
}
