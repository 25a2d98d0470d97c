import type { TrainerPlan } from '../contracts/plan.ts';

/** Why a stage ended. */
export type StopReason = 'max_epochs' | 'max_steps' | 'max_time' | 'early_stopping';

/** What decides whether a stage goes on. */
export interface StopFacts {
  /** Whole epochs done. */
  readonly epoch: number;
  /** Optimizer steps done. */
  readonly step: number;
  /** Early stopping has asked to stop; it stays asked until min_epochs and min_steps are met, as in Lightning 2.4 (`_can_stop_early`). */
  readonly stopRequested: boolean;
  /** Whether max_time has passed. Absent: no. As for early stopping, the minima come first. */
  readonly outOfTime?: boolean;
}

/**
 * Says whether training ends here, and why; null: it goes on. -1 means no limit. A pure function, so a resumed attempt decides alike but
 * for max_time, which depends on the machine.
 */
export function stopReason(
  trainer: Pick<TrainerPlan, 'maxEpochs' | 'maxSteps' | 'minEpochs' | 'minSteps'>,
  facts: StopFacts,
): StopReason | null {
  if (trainer.maxSteps >= 0 && facts.step >= trainer.maxSteps) return 'max_steps';
  if (trainer.maxEpochs >= 0 && facts.epoch >= trainer.maxEpochs) return 'max_epochs';
  const minimaMet = facts.epoch >= (trainer.minEpochs ?? 0) && facts.step >= (trainer.minSteps ?? 0);
  if (!minimaMet) return null;
  if (facts.stopRequested) return 'early_stopping';
  return facts.outOfTime === true ? 'max_time' : null;
}
