import type { FromTrainer } from '../contracts/trainer-protocol.ts';

/** A trainer starts in a good second on a busy machine, and the stage's last validation and snapshot are still to come. */
const SOON_SECONDS = 5;

/** Steps of a stage that may be over before it has said how fast it is. */
const FEW_STEPS = 200;

/**
 * Says whether a stage is about to end, by what its trainer has just said: while it starts by its steps (`totalSteps`), then by its speed.
 * A stage that early stopping ends is not foreseen. Pure.
 */
export function endsSoon(message: FromTrainer, totalSteps: number): boolean {
  if (message.type === 'phase') return message.phase === 'restore' && totalSteps <= FEW_STEPS;
  return message.type === 'progress' && message.step + SOON_SECONDS * message.stepsPerSecond >= message.totalSteps;
}
