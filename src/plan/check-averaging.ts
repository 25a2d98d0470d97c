import type { StagePlan, WeightAveragingPlan } from '../contracts/plan.ts';
import { plural } from '../contracts/plural.ts';
import type { PlanProblem } from './problems.ts';

/** What decides whether there will be averaged weights. */
export interface AveragingFacts {
  /** Undefined: the stage has no EMAWeightAveraging. */
  readonly averaging: WeightAveragingPlan | undefined;
  readonly carryWeights: StagePlan['carryWeights'];
  readonly totalSteps: number;
}

/** Checks that carry_weights: ema has an average to carry, and that an average begins before the stage ends: STAGE_INVALID. `where` is the dotted place of the stage. */
export function checkAveraging({ averaging, carryWeights, totalSteps }: AveragingFacts, where: string): readonly PlanProblem[] {
  if (averaging === undefined) {
    if (carryWeights !== 'ema') return [];
    const fix = 'add EMAWeightAveraging to trainer.callbacks, or carry the last weights';
    return [
      { code: 'STAGE_INVALID', where: `${where}.carry_weights`, text: 'ema needs EMAWeightAveraging, which the stage does not have', fix },
    ];
  }
  const every = averaging.updateEveryNSteps;
  const first = Math.ceil(averaging.updateStartingAtStep / every) * every;
  if (totalSteps === 0 || first < totalSteps) return [];
  return [
    {
      code: 'STAGE_INVALID',
      where: `${where}.trainer.callbacks`,
      text: `EMAWeightAveraging first averages after step ${first} (from 0), but the stage has ${totalSteps} ${plural(totalSteps, 'step')}`,
      fix: `lower update_starting_at_step below ${totalSteps}`,
    },
  ];
}
