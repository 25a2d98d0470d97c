import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, TimeoutFailure } from '@temporalio/workflow';

/** An error's code and text, whatever it was wrapped in on its way here. */
export interface FailureFacts {
  readonly code: string;
  readonly message: string;
}

/** Finds the code and message of a failed activity or child workflow. A timed-out activity without a code is WORKER_LOST's case: TRAINER_DIED. */
export function failureFacts(error: unknown): FailureFacts {
  if (error instanceof ApplicationFailure) return { code: error.type ?? 'INTERNAL', message: error.message };
  if ((error instanceof ActivityFailure || error instanceof ChildWorkflowFailure) && error.cause !== undefined)
    return failureFacts(error.cause);
  if (error instanceof TimeoutFailure)
    return { code: 'TRAINER_DIED', message: `the worker was lost and did not come back in time (${error.message})` };
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}

/** The failure a run ends with. */
export function runFailure({ code, message }: FailureFacts): ApplicationFailure {
  return ApplicationFailure.create({ type: code, message, nonRetryable: true });
}
