import type { BackendName, Plan, StagePlan } from './plan.ts';

/** The stage with an index; the baseline has the index after the last stage. A RangeError is a bug in Rootstock. */
export function stageOf(plan: Plan, index: number): StagePlan {
  const stage = index === plan.stages.length ? plan.baseline : plan.stages[index];
  if (stage === null || stage === undefined) throw new RangeError(`plan "${plan.name}" has no stage ${index}`);
  return stage;
}

/**
 * The backend of the trainer that a run needs after a stage (an index as in `stageOf`): for another stage, the baseline, or test rows to
 * evaluate on. Null: none is needed.
 */
export function backendAfter(
  { stages, baseline }: Pick<Plan, 'stages' | 'baseline'>,
  index: number,
  hasTestRows: boolean,
): BackendName | null {
  const next = stages[index + 1] ?? (index < stages.length ? baseline : null) ?? (hasTestRows ? stages.at(-1) : null);
  return next?.trainer.backend ?? null;
}
