import { randomUUID } from 'node:crypto';
import { RootstockError } from '../errors.ts';
import { fromJsonBytes, toJsonBytes } from './json-blob.ts';
import { isProcessDead, type ProcessIdentity } from './process-identity.ts';
import { stageName } from './stage-names.ts';
import type { ArtifactStore } from './store.ts';

/** The attempt that wants a lease, and the process that will work under it. */
export interface LeaseHolder extends ProcessIdentity {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly activityId: string;
  /** Temporal's count, for people: a reset sets it back to 1, so nothing is decided by it. */
  readonly attempt: number;
  /** Committed optimizer steps this attempt starts from. */
  readonly resumeStep: number;
}

/** A lease as stored under `stages/<key>/lease-<n>`. */
export interface LeaseDocument extends LeaseHolder {
  readonly token: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** A lease with its number. */
export interface NumberedLease {
  readonly number: number;
  readonly lease: LeaseDocument;
}

/** A lease just taken. `history` is every lease of the stage, oldest first, this one last. */
export interface TakenLease {
  readonly number: number;
  readonly token: string;
  readonly history: readonly LeaseDocument[];
}

/**
 * Takes the next lease of a stage; from then on every earlier one is stale. Leases save work, they do not make anything safe: checking
 * one and then committing is two steps, and only create-if-absent and equal results protect the snapshots.
 */
export async function takeLease(store: ArtifactStore, key: string, holder: LeaseHolder): Promise<TakenLease> {
  const token = randomUUID();
  const lease: LeaseDocument = { ...holder, token, createdAt: new Date().toISOString() };
  for (;;) {
    const before = await readLeases(store, key);
    const number = (before.at(-1)?.number ?? -1) + 1;
    const { created } = await store.createIfAbsent(leaseName(key, number), toJsonBytes(lease));
    if (created) return { number, token, history: [...before.flatMap((one) => one.lease ?? []), lease] };
  }
}

/** Finds the newest lease of a stage; undefined when there is none. */
export async function newestLease(store: ArtifactStore, key: string): Promise<NumberedLease | undefined> {
  for (const { number, lease } of (await readLeases(store, key)).toReversed()) if (lease !== undefined) return { number, lease };
  return undefined;
}

/** Whether no later lease has been taken. */
export async function isLeaseCurrent(store: ArtifactStore, key: string, number: number): Promise<boolean> {
  return (await readLease(store, key, number + 1)) === undefined;
}

/**
 * Counts how many of the newest leases (oldest first, as in `history`) belong to the newest one's activity and started from the same step:
 * attempts without progress, this one included. Five are NO_PROGRESS. A retry by a person is another activity and starts the count again.
 */
export function countStalledAttempts(leases: readonly LeaseDocument[]): number {
  const newest = leases.at(-1);
  if (newest === undefined) return 0;
  let count = 0;
  for (const lease of leases.toReversed()) {
    const sameActivity =
      lease.namespace === newest.namespace &&
      lease.workflowId === newest.workflowId &&
      lease.runId === newest.runId &&
      lease.activityId === newest.activityId;
    if (!sameActivity || lease.resumeStep !== newest.resumeStep) break;
    count += 1;
  }
  return count;
}

/** Whether the process that holds a lease is known to be gone: on this host, and its pid free or given to a later process. */
export function isHolderDead(lease: LeaseDocument): Promise<boolean> {
  return isProcessDead(lease);
}

/** Reads all leases, found by number. A rotten one leaves a gap in the numbers; one free number does not end the search. */
async function readLeases(
  store: ArtifactStore,
  key: string,
): Promise<readonly { readonly number: number; readonly lease: LeaseDocument | undefined }[]> {
  const leases: { number: number; lease: LeaseDocument | undefined }[] = [];
  for (let number = 0, gap = 0; gap < 2; number += 1) {
    const lease = await readLease(store, key, number);
    gap = lease === undefined ? gap + 1 : 0;
    if (lease !== undefined) leases.push({ number, lease: lease === 'rotten' ? undefined : lease });
  }
  return leases;
}

async function readLease(store: ArtifactStore, key: string, number: number): Promise<LeaseDocument | 'rotten' | undefined> {
  const name = leaseName(key, number);
  try {
    const body = await store.read(name);
    return body === undefined ? undefined : (fromJsonBytes(body, `document ${name}`) as unknown as LeaseDocument);
  } catch (error) {
    if (error instanceof RootstockError && error.code === 'ARTIFACT_CORRUPT') return 'rotten';
    throw error;
  }
}

function leaseName(key: string, number: number): string {
  return stageName(key, `lease-${number}`);
}
