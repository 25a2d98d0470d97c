import { ABORT_UPDATE, RETRY_STAGE_UPDATE } from '../contracts/workflow.ts';
import { RootstockError } from '../errors.ts';
import { type CloseOptions, untilClosed } from './close-run.ts';
import type { RootstockClient } from './connect.ts';
import { endOf, type Followed, queryStatus } from './follow-run.ts';
import { isNotFound } from './not-found.ts';
import type { RunEvent } from './run-events.ts';
import { temporalClient, temporalCommon } from './temporal.ts';

const { WorkflowUpdateFailedError } = temporalClient;
const { ApplicationFailure } = temporalCommon;

/**
 * Cancels a run and waits until it has closed: its trainer has saved a snapshot and gone. The server is told first; only a run that is not
 * closed soon after gets a worker of its own from `options.hostWorker`. A cancel that comes while the last step is at work may find the run
 * completed, or failed. RUN_NOT_FOUND; errors of `untilClosed`.
 *
 * @returns how the run ended: cancelled, completed or failed
 */
export async function cancelRun(connected: Followed, workflowId: string, options?: CloseOptions): Promise<RunEvent> {
  try {
    await connected.client.workflow.getHandle(workflowId).cancel();
  } catch (error) {
    throw notFoundOr(error, workflowId);
  }
  await untilClosed(connected, { workflowId }, options);
  return endOf(connected.client, { workflowId });
}

/** Runs a parked run's step again. Forwards to a parked pre-training child. Needs a live worker. RUN_NOT_FOUND, RUN_NOT_PARKED. */
export function retryRun(connected: RootstockClient, workflowId: string): Promise<string> {
  return decide(connected, workflowId, RETRY_STAGE_UPDATE);
}

/** Ends a parked run as failed. RUN_NOT_FOUND, RUN_NOT_PARKED. */
export function abortRun(connected: RootstockClient, workflowId: string): Promise<string> {
  return decide(connected, workflowId, ABORT_UPDATE);
}

/** Returns the id of the workflow that took the decision. */
async function decide(connected: RootstockClient, workflowId: string, update: string): Promise<string> {
  try {
    const status = await queryStatus(connected.client, { workflowId });
    if (status !== undefined && status.child !== null && status.parked === null) return await decide(connected, status.child, update);
    await connected.client.workflow.getHandle(workflowId).executeUpdate(update);
    return workflowId;
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
      throw new RootstockError(
        'RUN_NOT_PARKED',
        `"${workflowId}" is not waiting for anyone, so there is nothing to decide.\nFix: see what it does with \`rootstock status ${workflowId}\`.`,
        { workflowId },
        { cause: error },
      );
    }
    throw notFoundOr(error, workflowId);
  }
}

function notFoundOr(error: unknown, workflowId: string): unknown {
  return isNotFound(error)
    ? new RootstockError(
        'RUN_NOT_FOUND',
        `There is no running run "${workflowId}".\nFix: \`rootstock list\` shows the runs of this state directory.`,
        { workflowId },
        { cause: error },
      )
    : error;
}
