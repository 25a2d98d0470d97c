import { setTimeout as sleep } from 'node:timers/promises';
import { RootstockError } from '../errors.ts';
import type { Followed } from './follow-run.ts';
import type { FollowTarget } from './run-end.ts';
import { askForEnd } from './run-end.ts';

/** Starts a worker for as long as a command needs one. */
export type HostWorker = () => Promise<{ readonly stop: () => Promise<void> }>;

/** A worker that lives closes a cancelled run within this time, unless its trainer has much to save. */
const OTHER_WORKER_MS = 500;

/** Wait before a server that could not be asked to the end is asked again. */
const ASK_AGAIN_MS = 500;

/** An embedded server that died is back well before. */
const AWAY_MS = 30_000;

/**
 * Waits until a run that was told to end has closed, well or not. One that has not closed soon gets a worker from `hostWorker` until then,
 * for without any worker it would stay open. Errors: those of `hostWorker`; SERVER_UNAVAILABLE when the server stays away for half a minute.
 */
export async function untilClosed(connected: Followed, target: FollowTarget, hostWorker?: HostWorker): Promise<void> {
  const leaving = new AbortController();
  const closed = askUntilEnd(connected, target, leaving.signal);
  closed.catch(() => undefined); // it may fail while a worker starts or ends; it is awaited below all the same
  try {
    if (hostWorker === undefined || (await isSoon(closed))) await closed;
    else await closeWith(closed, hostWorker);
  } finally {
    leaving.abort(); // before the connection is closed: a call that is still open would throw where nobody can catch it
  }
}

async function askUntilEnd(connected: Followed, target: FollowTarget, signal: AbortSignal): Promise<void> {
  let awaySince: number | undefined;
  while (!signal.aborted) {
    const asked = Date.now();
    const problem = await askForEnd(connected.watcher, target, signal);
    if (problem === null || signal.aborted) return;
    const now = Date.now();
    // A call that stayed open for so long had a server that answered.
    awaySince = awaySince === undefined || now - asked > AWAY_MS ? now : awaySince;
    if (now - awaySince >= AWAY_MS) throw lostServer(target, problem);
    await sleep(ASK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function isSoon(closed: Promise<void>): Promise<boolean> {
  const timer = new AbortController();
  try {
    return await Promise.race([closed.then(() => true), sleep(OTHER_WORKER_MS, false, { signal: timer.signal }).catch(() => false)]);
  } finally {
    timer.abort();
  }
}

async function closeWith(closed: Promise<void>, hostWorker: HostWorker): Promise<void> {
  const worker = await hostWorker();
  try {
    await closed;
  } finally {
    await worker.stop();
  }
}

function lostServer({ workflowId }: FollowTarget, cause: Error): RootstockError {
  return new RootstockError(
    'SERVER_UNAVAILABLE',
    `The Temporal server went away before it was seen that the run "${workflowId}" has closed: ${cause.message}\nFix: once the server is back, see \`rootstock status ${workflowId}\`; the run was told to end, and does so when it has a worker.`,
    { workflowId },
    { cause },
  );
}
