import { temporalClient, temporalCommon } from './temporal.ts';

const { WorkflowFailedError } = temporalClient;
const { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, TerminatedFailure, TimeoutFailure } = temporalCommon;

/** Finds the code and message a run failed with. */
export function failureOf(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof WorkflowFailedError && error.cause !== undefined) return failureOf(error.cause);
  if (error instanceof ApplicationFailure) return { code: error.type ?? 'RUN_FAILED', message: error.message };
  if ((error instanceof ActivityFailure || error instanceof ChildWorkflowFailure) && error.cause !== undefined)
    return failureOf(error.cause);
  if (error instanceof TerminatedFailure) return { code: 'RUN_FAILED', message: 'the workflow was terminated' };
  if (error instanceof TimeoutFailure) return { code: 'RUN_FAILED', message: error.message };
  return { code: 'RUN_FAILED', message: error instanceof Error ? error.message : String(error) };
}
