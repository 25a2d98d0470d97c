import type { Plan, StagePlan } from './plan.ts';

/** The stage with an index; the baseline has the index after the last stage. A RangeError is a bug in Rootstock. */
export function stageOf(plan: Plan, index: number): StagePlan {
  const stage = index === plan.stages.length ? plan.baseline : plan.stages[index];
  if (stage === null || stage === undefined) throw new RangeError(`plan "${plan.name}" has no stage ${index}`);
  return stage;
}

/** Whether a run has work for a trainer after a stage (an index as in `stageOf`): another stage, the baseline, or test rows to evaluate on. */
export function needsTrainerAfter({ stages, baseline }: Pick<Plan, 'stages' | 'baseline'>, index: number, hasTestRows: boolean): boolean {
  return hasTestRows || index < stages.length - 1 || (baseline !== null && index < stages.length);
}
