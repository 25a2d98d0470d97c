import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { ABORT_UPDATE, RETRY_STAGE_UPDATE } from '../contracts/workflow.ts';
import { RootstockError } from '../errors.ts';
import type { RootstockClient } from './connect.ts';
import { queryStatus } from './follow-run.ts';
import { isNotFound } from './not-found.ts';

/** Starts a worker for as long as a command needs one. */
export type HostWorker = () => Promise<{ readonly stop: () => Promise<void> }>;

/** A worker that lives closes a cancelled run within this time, unless its trainer has much to save. */
const OTHER_WORKER_MS = 500;

/**
 * Cancels a run and waits until it has closed: its trainer has saved a snapshot and gone. The server is told first; only a run that is not
 * closed soon after gets a worker of its own from `hostWorker`, for without any worker it would stay open. RUN_NOT_FOUND.
 */
export async function cancelRun({ client }: Pick<RootstockClient, 'client'>, workflowId: string, hostWorker?: HostWorker): Promise<void> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    await handle.cancel();
  } catch (error) {
    throw notFoundOr(error, workflowId);
  }
  const closed = handle.result().then(
    () => true as const,
    () => true as const, // cancelled is what was asked for
  );
  if (hostWorker === undefined || (await isSoon(closed))) await closed;
  else await closeWith(closed, hostWorker);
}

async function isSoon(closed: Promise<true>): Promise<boolean> {
  const timer = new AbortController();
  const soon = await Promise.race([closed, sleep(OTHER_WORKER_MS, false, { signal: timer.signal }).catch(() => false)]);
  timer.abort();
  return soon;
}

async function closeWith(closed: Promise<unknown>, hostWorker: HostWorker): Promise<void> {
  const worker = await hostWorker();
  try {
    await closed;
  } finally {
    await worker.stop();
  }
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
