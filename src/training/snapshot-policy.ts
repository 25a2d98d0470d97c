import type { TrainerPlan } from '../contracts/plan.ts';

/** Decides at step boundaries whether a snapshot is due. Wall time comes from the injected clock and never changes a number, only how often state is saved. */
export interface SnapshotPolicy {
  /** Whether a snapshot is due after this many optimizer steps. */
  isDue(step: number): boolean;
  /** A snapshot of this step exists now (just committed, or resumed from). */
  committed(step: number): void;
}

/** Creates the policy of a stage: every step, every n steps, every s seconds; whatever comes first. `now` is in milliseconds. */
export function createSnapshotPolicy(
  snapshot: TrainerPlan['snapshot'],
  options: { readonly everyStep: boolean; readonly now: () => number },
): SnapshotPolicy {
  let lastStep = 0;
  let lastTime = options.now();
  return {
    isDue(step) {
      if (step <= lastStep) return false;
      if (options.everyStep) return true;
      if (snapshot.everySteps !== null && step - lastStep >= snapshot.everySteps) return true;
      return snapshot.everySeconds !== null && options.now() - lastTime >= snapshot.everySeconds * 1000;
    },
    committed(step) {
      lastStep = step;
      lastTime = options.now();
    },
  };
}
