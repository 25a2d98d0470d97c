import type { Context } from '@temporalio/activity';
import { countStalledAttempts, isHolderDead, type LeaseDocument, newestLease, takeLease } from '../src/artifacts/leases.ts';
import { processIdentity } from '../src/artifacts/process-identity.ts';
import type { SnapshotManifest } from '../src/artifacts/snapshot.ts';
import { findNewestSnapshot, peekNewestSnapshot } from '../src/artifacts/snapshots.ts';
import { readStageManifest, type StageManifest } from '../src/artifacts/stage-manifest.ts';
import type { ArtifactStore } from '../src/artifacts/store.ts';
import type { TrainerPlan } from '../src/contracts/plan.ts';
import { RootstockError } from '../src/errors.ts';

/** Attempts in a row that may start from the same step: then the step kills by itself, and it is known exactly. */
const MAX_STALLED_ATTEMPTS = 5;

/** From the second stalled attempt on a snapshot follows every step. */
const EVERY_STEP_FROM = 2;

/** A holder that commits nothing for three snapshot intervals is taken for gone, but never before 45 s: three default ones of 15 s. */
const STANDSTILL_INTERVALS = 3;
const MIN_STANDSTILL_MS = 45_000;

/**
 * How long the result of a stage is waited for once its training is over. Its trainer may live on and do another stage, so that the holder of
 * a lease is alive says nothing any more; and what is left to do takes no trainer.
 */
const RESULT_MS = 5_000;

const POLL_MS = 1_000;

/** A stage as an attempt sees it. */
export interface StageAttempt {
  readonly store: ArtifactStore;
  readonly stageKey: string;
  readonly context: Context;
}

/** How long another run may commit nothing before it is taken for gone. */
export function standstillMs({ everySeconds }: TrainerPlan['snapshot']): number {
  return Math.max(MIN_STANDSTILL_MS, STANDSTILL_INTERVALS * 1_000 * (everySeconds ?? 0));
}

/**
 * Waits while another run trains the same stage key, until its result is there (returned), or it stands still or is dead, or it has trained the
 * stage and makes no result of it (undefined).
 * A later attempt of the same activity takes over at once. CancelledFailure when the activity is cancelled meanwhile.
 */
export async function waitForStage(
  { store, stageKey, context }: StageAttempt,
  input: { readonly standstillMs: number; readonly onWait: (reason: string) => void },
): Promise<StageManifest | undefined> {
  let seen = '';
  let since = Date.now();
  for (;;) {
    const finished = await readStageManifest(store, stageKey);
    if (finished !== undefined) return finished;
    const newest = await newestLease(store, stageKey);
    if (newest === undefined || isOurs(newest.lease, context) || (await isHolderDead(newest.lease))) return undefined;
    const snapshot = await peekNewestSnapshot(store, stageKey); // its writer is alive: nothing may be set aside
    const now = `${newest.number}/${snapshot?.n ?? -1}`;
    if (now !== seen) {
      seen = now;
      since = Date.now();
    }
    const limit = isTrained(snapshot) ? Math.min(RESULT_MS, input.standstillMs) : input.standstillMs;
    if (Date.now() - since > limit) return undefined;
    input.onWait(
      `run "${newest.lease.workflowId}" on ${newest.lease.host} (pid ${newest.lease.pid}), which trains the same stage; it is at step ${snapshot?.step ?? 0}`,
    );
    await context.sleep(POLL_MS);
  }
}

function isTrained(snapshot: SnapshotManifest | undefined): boolean {
  return typeof snapshot?.counters['stoppedBy'] === 'string';
}

function isOurs(lease: LeaseDocument, { info }: Context): boolean {
  return (
    lease.namespace === info.namespace &&
    lease.workflowId === info.workflowExecution?.workflowId &&
    lease.runId === info.workflowExecution.runId &&
    lease.activityId === info.activityId
  );
}

/** The number of no lease. */
export const NO_LEASE = -1;

/** Number of the newest lease of a stage; NO_LEASE for none. */
export async function newestLeaseNumber({ store, stageKey }: StageAttempt): Promise<number> {
  return (await newestLease(store, stageKey))?.number ?? NO_LEASE;
}

/** A lease, and how it should be used. */
export interface StageLease {
  readonly number: number;
  readonly token: string;
  readonly snapshotEveryStep: boolean;
  /** Attempts in a row, this one included, that began at the same step. */
  readonly stalledAttempts: number;
}

/**
 * Takes the next lease for the trainer with this pid. `seen`: the newest lease when this attempt decided to train.
 * NO_PROGRESS when the activity has started five times from the same step; LEASE_LOST (a retry waits) when another run has begun meanwhile:
 * a trainer takes seconds to start, and two that begin together would take the stage from each other.
 */
export async function takeStageLease(
  { store, stageKey, context }: StageAttempt,
  input: { readonly trainerPid: number; readonly snapshotHint: number; readonly seen?: number },
): Promise<StageLease> {
  const { info } = context;
  const newest = await newestLease(store, stageKey);
  const begun = newest !== undefined && newest.number > (input.seen ?? newest.number) && !isOurs(newest.lease, context);
  if (begun && !(await isHolderDead(newest.lease))) throw begunElsewhere(stageKey, newest.lease);
  const snapshot = await findNewestSnapshot(store, stageKey, input.snapshotHint);
  const { number, token, history } = await takeLease(store, stageKey, {
    ...(await processIdentity(input.trainerPid)),
    namespace: info.namespace,
    workflowId: info.workflowExecution?.workflowId ?? '',
    runId: info.workflowExecution?.runId ?? '',
    activityId: info.activityId,
    attempt: info.attempt,
    resumeStep: snapshot?.step ?? 0,
  });
  const stalled = countStalledAttempts(history);
  if (stalled >= MAX_STALLED_ATTEMPTS) throw noProgress(stalled, snapshot);
  return { number, token, snapshotEveryStep: stalled >= EVERY_STEP_FROM, stalledAttempts: stalled };
}

/**
 * How long to wait before the next attempt: 100 ms after one that had made progress (a killed trainer is the usual cause), longer the more
 * often it stood still at one step (a full disk). Temporal's own backoff counts attempts over the whole stage, whatever was done in between.
 */
export function retryAfterMs(stalledAttempts: number): number {
  return Math.min(100 * 4 ** (stalledAttempts - 1), 30_000);
}

function begunElsewhere(stageKey: string, { workflowId, host, pid }: LeaseDocument): RootstockError {
  return new RootstockError(
    'LEASE_LOST',
    `run "${workflowId}" on ${host} (pid ${pid}) has begun the same stage first; this one waits for it`,
    {
      stageKey,
      workflowId,
    },
  );
}

function noProgress(
  attempts: number,
  snapshot: { readonly step: number; readonly epoch: number; readonly batch: number } | undefined,
): RootstockError {
  const { step, epoch, batch } = snapshot ?? { step: 0, epoch: 0, batch: 0 };
  return new RootstockError(
    'NO_PROGRESS',
    `${attempts} attempts in a row ended without a new committed step after step ${step}: step ${step + 1} (epoch ${epoch + 1}, batch ${batch + 1}) kills its trainer each time.\nFix: look at the attempts' errors in the Temporal UI and at the rows of that step in the sample log (rootstock status), then \`rootstock retry\`.`,
    { attempts, step, epoch, batch },
  );
}
