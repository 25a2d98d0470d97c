import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { activityText } from './activity-text.ts';
import type { RootstockClient } from './connect.ts';
import { isNotFound } from './not-found.ts';
import { type PendingActivity, pendingActivities } from './pending-activity.ts';
import type { FollowTarget } from './run-end.ts';
import { isServiceError } from './service-error.ts';

/** A run that closes sooner is not talked about; then it is asked about this often. */
const ASK_MS = 2_000;

/** A server that is away for longer is asked again. */
const DESCRIBE_TIMEOUT_MS = 5_000;

/** What keeps a run open that was told to end: `key` changes when there is something new to say. */
interface Keeping {
  readonly key: string;
  readonly text: string;
}

/** Tells `onWaiting` after two seconds, and then at each change, what keeps a run open that was told to end. Ends with the signal; never rejects. */
export async function tellWhatKeepsOpen(
  connected: Pick<RootstockClient, 'client'>,
  target: FollowTarget,
  { onWaiting, signal }: { readonly onWaiting: (text: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  let told = '';
  for (;;) {
    await sleep(ASK_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const found = await whatKeepsOpen(connected.client, target).catch(unanswered);
    if (signal.aborted || found.key === told) continue;
    told = found.key;
    onWaiting(`waiting for the run "${target.workflowId}" to close: ${found.text}`);
  }
}

async function whatKeepsOpen(client: Client, { workflowId, runId }: FollowTarget): Promise<Keeping> {
  const description = await client.withDeadline(Date.now() + DESCRIBE_TIMEOUT_MS, () =>
    client.workflow.getHandle(workflowId, runId).describe(),
  );
  const [child] = description.raw.pendingChildren ?? [];
  if (child?.workflowId) {
    const { key, text } = await whatKeepsOpen(client, { workflowId: child.workflowId });
    return { key, text: `its pre-training run "${child.workflowId}" is to close first; ${text}` };
  }
  return describeKeeping(pendingActivities(description));
}

/** In words, from what the server knows. Pure. */
function describeKeeping(pending: readonly PendingActivity[]): Keeping {
  if (pending.length === 0) return { key: 'none', text: 'it does so as soon as a worker takes it up' };
  const key = pending.map(({ activity, attempt, state }) => `${activity} ${attempt} ${state}`).join();
  return { key, text: pending.map(keepingText).join('; ') };
}

function keepingText(pending: PendingActivity): string {
  const { activity, attempt, state, last_failure: failure } = pending;
  if (state !== 'stopping') return firstLine(activityText(pending));
  const which = attempt === 1 ? activity : `${activity}, attempt ${attempt},`;
  const before = failure?.kind === 'failed' ? `; the attempt before failed with ${failure.code}: ${failure.message}` : '';
  return firstLine(`${which} ${activity === 'train' ? 'saves a snapshot' : 'finishes what it is at'}${before}`);
}

/** A failure of several lines has what happened in the first. */
function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

/** That a wait is told of must not end it. Whether the run has closed is found out elsewhere. */
function unanswered(error: unknown): Keeping {
  if (isNotFound(error)) return { key: 'none', text: 'it does so as soon as a worker takes it up' };
  const why = isServiceError(error) ? 'the Temporal server does not answer' : `what it does is not known (${String(error)})`;
  return { key: why, text: why };
}
