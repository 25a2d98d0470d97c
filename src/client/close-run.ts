import { setTimeout as sleep } from 'node:timers/promises';
import { RootstockError } from '../errors.ts';
import { tellWhatKeepsOpen } from './closing-news.ts';
import type { Followed } from './follow-run.ts';
import type { FollowTarget } from './run-end.ts';
import { askForEnd } from './run-end.ts';

/** Starts a worker for as long as a command needs one. */
type HostWorker = () => Promise<{ readonly stop: () => Promise<void> }>;

/** How to wait for a run to close. */
export interface CloseOptions {
  /** Gives a run that has not closed soon a worker until then: without any it would stay open. */
  readonly hostWorker?: HostWorker | undefined;
  /** Hears, after two seconds and at each change, what keeps the run open. */
  readonly onWaiting?: ((text: string) => void) | undefined;
  /** Ends the wait; what was told to end, ends all the same. */
  readonly signal?: AbortSignal | undefined;
}

/** A worker that lives closes a cancelled run within this time, unless its trainer has much to save. */
const OTHER_WORKER_MS = 500;

/** Wait before a server that could not be asked to the end is asked again. */
const ASK_AGAIN_MS = 500;

/** An embedded server that died is back well before. */
const AWAY_MS = 30_000;

/**
 * Waits until a run that was told to end has closed, well or not. Errors: those of `hostWorker`; CANCELLED when `signal` ends the wait;
 * SERVER_UNAVAILABLE when the server stays away for half a minute.
 */
export async function untilClosed(connected: Followed, target: FollowTarget, options: CloseOptions = {}): Promise<void> {
  const { hostWorker, onWaiting, signal } = options;
  const leaving = new AbortController();
  const closed = Promise.race([askUntilEnd(connected, target, leaving.signal), untilLeft(target, signal, leaving.signal)]);
  closed.catch(() => undefined); // it may fail while a worker starts or ends; it is awaited below all the same
  if (onWaiting !== undefined) void tellWhatKeepsOpen(connected, target, { onWaiting, signal: leaving.signal });
  try {
    if (hostWorker === undefined || (await isSoon(closed))) await closed;
    else await closeWith(closed, hostWorker, options);
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

/** Rejects when the wait is given up before it is over; until then it stays open. */
function untilLeft({ workflowId }: FollowTarget, signal: AbortSignal | undefined, over: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const leave = () => reject(leftWaiting(workflowId));
    if (signal?.aborted === true) leave();
    else signal?.addEventListener('abort', leave, { once: true, signal: over });
  });
}

async function isSoon(closed: Promise<void>): Promise<boolean> {
  const timer = new AbortController();
  try {
    return await Promise.race([closed.then(() => true), sleep(OTHER_WORKER_MS, false, { signal: timer.signal }).catch(() => false)]);
  } finally {
    timer.abort();
  }
}

async function closeWith(closed: Promise<void>, hostWorker: HostWorker, { onWaiting, signal }: CloseOptions): Promise<void> {
  const worker = await hostWorker();
  try {
    await closed;
  } finally {
    if (signal?.aborted === true) onWaiting?.('ending the worker of this command; what it is at may take a moment');
    await worker.stop();
  }
}

function leftWaiting(workflowId: string): RootstockError {
  return new RootstockError(
    'CANCELLED',
    `The run "${workflowId}" was told to end, and this command no longer waits until it has.\nFix: nothing is lost. \`rootstock cancel ${workflowId}\` waits for it again and gives it a worker; \`rootstock status ${workflowId}\` shows what it is at.`,
    { workflowId },
  );
}

function lostServer({ workflowId }: FollowTarget, cause: Error): RootstockError {
  return new RootstockError(
    'SERVER_UNAVAILABLE',
    `The Temporal server went away before it was seen that the run "${workflowId}" has closed: ${cause.message}\nFix: once the server is back, see \`rootstock status ${workflowId}\`; the run was told to end, and does so when it has a worker.`,
    { workflowId },
    { cause },
  );
}
