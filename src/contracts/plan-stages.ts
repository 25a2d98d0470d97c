import type { Plan, StagePlan } from './plan.ts';

/** The stage with an index; the baseline has the index after the last stage. A RangeError is a bug in Rootstock. */
export function stageOf(plan: Plan, index: number): StagePlan {
  const stage = index === plan.stages.length ? plan.baseline : plan.stages[index];
  if (stage === null || stage === undefined) throw new RangeError(`plan "${plan.name}" has no stage ${index}`);
  return stage;
}
