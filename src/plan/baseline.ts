import type { JsonObject } from '../contracts/json.ts';
import type { StagePlan } from '../contracts/plan.ts';
import type { PlanFacts } from './plan-facts.ts';
import type { ProblemCollector } from './problems.ts';
import type { WrittenSections } from './resolve-sections.ts';
import { resolveStage } from './resolve-stage.ts';

/** Name of the baseline stage. */
export const BASELINE_NAME = 'from-scratch';

/**
 * Resolves the baseline: one more stage after the last, from fresh weights, with the base configuration and nothing frozen. Its budget is
 * that of all stages: max_epochs is their sum (no limit if one has none), and when any of them is limited by steps, max_steps is the
 * sum of what they take.
 */
export function resolveBaseline(
  base: WrittenSections,
  stages: readonly StagePlan[],
  { facts, problems }: { readonly facts: PlanFacts; readonly problems: ProblemCollector },
): StagePlan | undefined {
  const baseline = resolveStage(
    {
      index: stages.length,
      name: BASELINE_NAME,
      kind: 'baseline',
      base,
      stage: { trainer: budgetOf(stages), freezeModules: [], ...NO_OVERRIDE },
      where: 'evaluation.baseline',
    },
    facts,
    problems,
  );
  return baseline;
}

const NO_OVERRIDE = {
  datamodule: undefined,
  optimizer: undefined,
  scheduler: undefined,
  carryWeights: undefined,
  carryOptimizer: undefined,
};

function budgetOf(stages: readonly StagePlan[]): JsonObject {
  const epochs = stages.map(({ trainer }) => trainer.maxEpochs);
  const limitedBySteps = stages.some(({ trainer }) => trainer.maxSteps >= 0);
  return {
    max_epochs: epochs.some((count) => count < 0) ? -1 : epochs.reduce((sum, count) => sum + count, 0),
    max_steps: limitedBySteps ? stages.reduce((sum, { totalSteps }) => sum + totalSteps, 0) : -1,
  };
}
