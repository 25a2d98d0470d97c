import type { Client } from '@temporalio/client';
import type { RunStatus } from '../contracts/run-state.ts';
import type { PublishResult } from '../contracts/stage-activities.ts';
import { STATUS_QUERY } from '../contracts/workflow.ts';
import { createActivityNews } from './activity-events.ts';
import type { RootstockClient } from './connect.ts';
import { pendingActivities } from './pending-activity.ts';
import { type FollowTarget, type RunEnd, watchForEnd } from './run-end.ts';
import { diffStatus, type RunEvent, toCompletedEvent } from './run-events.ts';
import { failureOf } from './run-failure.ts';
import { isServiceError } from './service-error.ts';
import { temporalClient } from './temporal.ts';

const { QueryNotRegisteredError } = temporalClient;

/** How often the server is asked; the end of the run is heard of at once. */
const POLL_MS = 500;

/** A server that is away for longer is talked about, and looked for at its newest address. */
const DESCRIBE_TIMEOUT_MS = 5_000;

/** A query needs a live worker; while there is none the run is followed by what the server itself knows. */
const QUERY_TIMEOUT_MS = 3_000;

/** What a run is followed through; read anew for each call, since a server may move. */
export type Followed = Pick<RootstockClient, 'client' | 'watcher'>;

/**
 * Follows a run to its end and yields what happens. Ends after completed, needs_attention (also of a pre-training child),
 * failed or cancelled. A server that is away for a while is waited for, and said so.
 */
export async function* followRun(connected: Followed, target: FollowTarget, signal?: AbortSignal): AsyncGenerator<RunEvent> {
  const end = watchForEnd(target);
  try {
    yield* follow(connected, target, { end, signal });
  } finally {
    end.stop();
  }
}

async function* follow(
  connected: Followed,
  target: FollowTarget,
  { end, signal }: { readonly end: RunEnd; readonly signal: AbortSignal | undefined },
): AsyncGenerator<RunEvent> {
  const { workflowId } = target;
  let before: RunStatus | null = null;
  let historyLength = -1;
  const news = createActivityNews(workflowId);
  let away = '';
  while (signal?.aborted !== true) {
    const { client } = connected; // another one after the server has moved
    try {
      const description = await client.withDeadline(Date.now() + DESCRIBE_TIMEOUT_MS, () =>
        client.workflow.getHandle(workflowId, target.runId).describe(),
      );
      const running = description.status.name === 'RUNNING' || description.status.name === 'CONTINUED_AS_NEW';
      if (description.historyLength !== historyLength || before?.child !== null) {
        const status = await queryStatus(client, target);
        if (status !== undefined) {
          yield* diffStatus(workflowId, before, status);
          before = status;
          historyLength = description.historyLength;
          if (status.parked !== null && running) {
            yield { event: 'needs_attention', workflow_id: workflowId, ...status.parked };
            return;
          }
          if (status.child !== null && running) {
            const ended = yield* followChild(connected, status.child, signal);
            if (ended === 'needs_attention') return;
          }
        }
      }
      if (!running) {
        yield await lastEvent(client, target, description.status.name);
        return;
      }
      yield* news(pendingActivities(description), before);
      away = '';
    } catch (error) {
      if (!isServiceError(error)) throw error;
      if (away !== error.message)
        yield {
          event: 'waiting',
          workflow_id: workflowId,
          reason: 'the Temporal server does not answer; it is being restarted or reached again',
        };
      away = error.message;
    }
    await end.wait(connected.watcher, POLL_MS);
  }
}

/** Follows a pre-training child; its completion is not the parent's. */
async function* followChild(connected: Followed, workflowId: string, signal?: AbortSignal): AsyncGenerator<RunEvent, string> {
  for await (const event of followRun(connected, { workflowId }, signal)) {
    if (event.event === 'completed' || event.event === 'failed' || event.event === 'cancelled') return event.event;
    yield event;
    if (event.event === 'needs_attention') return event.event;
  }
  return 'aborted';
}

/** Asks a run where it is; undefined while no worker can answer. */
export async function queryStatus(client: Client, { workflowId, runId }: FollowTarget): Promise<RunStatus | undefined> {
  try {
    return await client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () =>
      client.workflow.getHandle(workflowId, runId).query<RunStatus>(STATUS_QUERY),
    );
  } catch (error) {
    if (isServiceError(error) || error instanceof QueryNotRegisteredError) return undefined;
    throw error;
  }
}

/** How a closed run ended. */
export async function endOf(client: Client, target: FollowTarget): Promise<RunEvent> {
  const { status } = await client.workflow.getHandle(target.workflowId, target.runId).describe();
  return lastEvent(client, target, status.name);
}

async function lastEvent(client: Client, { workflowId, runId }: FollowTarget, status: string): Promise<RunEvent> {
  const handle = client.workflow.getHandle(workflowId, runId);
  if (status === 'COMPLETED') return toCompletedEvent(workflowId, (await handle.result()) as PublishResult);
  if (status === 'CANCELLED') return { event: 'cancelled', workflow_id: workflowId };
  try {
    await handle.result();
  } catch (error) {
    if (isServiceError(error)) throw error;
    return { event: 'failed', workflow_id: workflowId, ...failureOf(error) };
  }
  return { event: 'failed', workflow_id: workflowId, code: 'RUN_FAILED', message: `the run ended as ${status.toLowerCase()}` };
}
