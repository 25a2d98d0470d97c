import type { StagePlan, WeightAveragingPlan } from '../contracts/plan.ts';
import { plural } from '../contracts/plural.ts';
import type { PlanProblem } from './problems.ts';

/** What decides whether there will be averaged weights. */
export interface AveragingFacts {
  /** Undefined: the stage has no EMAWeightAveraging. */
  readonly averaging: WeightAveragingPlan | undefined;
  readonly carryWeights: StagePlan['carryWeights'];
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
}

/** Checks that carry_weights: ema has an average to carry, and that an average begins before the stage ends: STAGE_INVALID. `where` is the dotted place of the stage. */
export function checkAveraging(
  { averaging, carryWeights, stepsPerEpoch, totalSteps }: AveragingFacts,
  where: string,
): readonly PlanProblem[] {
  if (averaging === undefined) {
    if (carryWeights !== 'ema') return [];
    const fix = 'add EMAWeightAveraging to trainer.callbacks, or carry the last weights';
    return [
      { code: 'STAGE_INVALID', where: `${where}.carry_weights`, text: 'ema needs EMAWeightAveraging, which the stage does not have', fix },
    ];
  }
  const { updateEveryNSteps: every, updateStartingAtStep, updateStartingAtEpoch } = averaging;
  const first = every === 0 ? Number.POSITIVE_INFINITY : Math.ceil(updateStartingAtStep / every) * every;
  // The end of the stage is that of its last epoch.
  const epochBegins = (updateStartingAtEpoch ?? Number.POSITIVE_INFINITY) * stepsPerEpoch;
  if (totalSteps === 0 || first < totalSteps || epochBegins < totalSteps) return [];
  const never = every === 0 && updateStartingAtEpoch === undefined;
  const begins = [
    ...(every === 0 ? [] : [`after step ${first} (from 0)`]),
    ...(updateStartingAtEpoch === undefined ? [] : [`at the end of epoch ${updateStartingAtEpoch} (from 0)`]),
  ].join(' or ');
  const text = never
    ? 'EMAWeightAveraging never averages: update_every_n_steps is 0 and there is no update_starting_at_epoch'
    : `EMAWeightAveraging first averages ${begins}, but the stage has ${totalSteps} ${plural(totalSteps, 'step')}`;
  const fix = every === 0 ? 'set update_starting_at_epoch to an epoch of the stage' : `lower update_starting_at_step below ${totalSteps}`;
  return [{ code: 'STAGE_INVALID', where: `${where}.trainer.callbacks`, text, fix }];
}
