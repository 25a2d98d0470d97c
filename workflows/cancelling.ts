import { CancellationScope, CancelledFailure, isCancellation, patched } from '@temporalio/workflow';

/** Runs that began before this kept a cancel from checkpoint and publish for as long as these were retried: up to ten minutes. */
const CANCEL_BETWEEN_ATTEMPTS = 'cancel-between-attempts';

/** What a cancel of the run does to its steps. */
export interface Cancelling {
  /** False: the run began before a cancel ended the wait for another attempt. */
  readonly betweenAttempts: boolean;
  /** Whether nothing new may begin. Always false in runs that began before. */
  isRequested(): boolean;
  /** Does work whose failure, once the run is cancelled, is the cancel's: there is no other attempt, and nothing for a person to decide. */
  readonly guard: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Finds out how this run takes a cancel. To be called once, before the first of its activities: it leaves a marker in the history. */
export function createCancelling(): Cancelling {
  const betweenAttempts = patched(CANCEL_BETWEEN_ATTEMPTS);
  const isRequested = () => betweenAttempts && CancellationScope.current().consideredCancelled;
  return {
    betweenAttempts,
    isRequested,
    async guard(work) {
      try {
        return await work();
      } catch (error) {
        if (isCancellation(error) || !isRequested()) throw error;
        throw new CancelledFailure('The attempt at work failed after the run had been cancelled.', [], error as Error);
      }
    },
  };
}
