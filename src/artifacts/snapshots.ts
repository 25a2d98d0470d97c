import type { Json } from '../contracts/json.ts';
import type { Ref } from '../contracts/refs.ts';
import { RootstockError } from '../errors.ts';
import { fromJsonBytes, toJsonBytes } from './json-blob.ts';
import { collectRefs } from './json-refs.ts';
import { parseSnapshot, type SnapshotManifest } from './snapshot.ts';
import { stageName } from './stage-names.ts';
import type { ArtifactStore } from './store.ts';

/**
 * Finds the newest snapshot of a stage whose manifest and blobs all verify, probing forward from `hint` by name (a wrong hint costs only
 * time). What is rotten, has lost a blob, or does not continue the snapshot before it is set aside, so every number after the
 * returned one is free for training to go on. Undefined: start from the stage's input. Errors: STORE_IO (nothing is set aside for it).
 */
export async function findNewestSnapshot(store: ArtifactStore, key: string, hint = 0): Promise<SnapshotManifest | undefined> {
  const start = hint > 0 && typeof (await inspect(store, key, hint)) !== 'string' ? hint : 0;
  for (let n = await probeForward(store, key, start); n >= 0; n -= 1) {
    const found = await inspect(store, key, n);
    if (typeof found === 'string') continue;
    if (await isWhole(store, found)) return found;
    // A trainer that is alive may have gone on and pruned this one while it was looked at: then it is fine, and no longer the newest.
    if ((await inspect(store, key, n + 1)) !== 'absent') return findNewestSnapshot(store, key, n + 1);
    await store.setAside(snapshotName(key, n));
  }
  return undefined;
}

/** Finds the newest snapshot for looking only (progress, waiting): no blob is read, nothing is set aside. Not for resuming from. */
export async function peekNewestSnapshot(store: ArtifactStore, key: string, hint = 0): Promise<SnapshotManifest | undefined> {
  let newest: SnapshotManifest | undefined;
  const start = hint > 0 && typeof (await inspect(store, key, hint)) !== 'string' ? hint : 0;
  for (let n = start; ; n += 1) {
    const found = await inspect(store, key, n);
    if (found === 'absent') return newest;
    if (found !== 'rotten') newest = found;
  }
}

/**
 * Commits a snapshot under its number. Where the same state is there already, by whichever attempt, that one is returned.
 *
 * Errors: DETERMINISM_VIOLATION when the other one is of the same step with other tensors; LEASE_LOST when it is of another step or
 * sequence: another attempt has taken this number, go on from the newest snapshot (a retry does).
 */
export async function commitSnapshot(store: ArtifactStore, key: string, snapshot: SnapshotManifest): Promise<SnapshotManifest> {
  const name = snapshotName(key, snapshot.n);
  const { created, body } = await store.createIfAbsent(name, toJsonBytes(snapshot));
  if (created) return snapshot;
  const other = parseSnapshot(fromJsonBytes(body, `document ${name}`), snapshot.n);
  if (other === undefined) {
    await store.setAside(name);
    return commitSnapshot(store, key, snapshot);
  }
  if (other.stateDigest === snapshot.stateDigest) return other;
  const differs = other.state.digest !== snapshot.state.digest || other.previous === snapshot.previous;
  if (other.step === snapshot.step && differs) throw violation(key, snapshot, other);
  throw new RootstockError(
    'LEASE_LOST',
    `Another attempt (lease ${other.envelope.lease} on ${other.envelope.host}) has committed snapshot ${other.n} of this stage at step ${other.step}; this one stands at step ${snapshot.step}.`,
    { stageKey: key, snapshot: other.n, step: snapshot.step, otherStep: other.step, otherLease: other.envelope.lease },
  );
}

/**
 * Deletes the tensors of snapshots older than the newest `keep`. Manifests and ledger segments stay: a lost hint costs nothing, and the
 * committed ledger is made of all of them. A blob that a kept snapshot uses stays too. Only `state` and `best` are deleted, which
 * `saveStageState` makes unlike any blob of another stage.
 */
export async function pruneSnapshots(
  store: ArtifactStore,
  key: string,
  input: { readonly newest: number; readonly keep: number },
): Promise<number> {
  const firstKept = input.newest - Math.max(1, input.keep) + 1;
  const used = new Set<string>();
  for (let n = Math.max(0, firstKept); n <= input.newest; n += 1) {
    const kept = await inspect(store, key, n);
    // Without its manifest nobody knows what it uses: delete nothing this time.
    if (typeof kept === 'string') return 0;
    for (const ref of tensorRefs(kept)) used.add(ref.digest);
  }
  let deleted = 0;
  for (let n = firstKept - 1; n >= 0; n -= 1) {
    const old = await inspect(store, key, n);
    if (typeof old === 'string' || !(await store.has(old.state))) break; // an earlier call went on from here
    // The state goes last: while it is there, a call that died in between is taken up again.
    for (const ref of tensorRefs(old).reverse()) {
      if (used.has(ref.digest)) continue;
      await store.deleteBlob(ref);
      deleted += 1;
    }
  }
  return deleted;
}

/**
 * Reads the sequence that led to a snapshot, from number 0 up to it, each continuing the one before and with its ledger segment intact.
 * Where it is broken, the rest is set aside and ARTIFACT_CORRUPT is thrown: the next attempt trains on from before the break.
 */
export async function readSnapshotChain(store: ArtifactStore, key: string, newest: SnapshotManifest): Promise<readonly SnapshotManifest[]> {
  const chain: SnapshotManifest[] = [];
  for (let n = 0; n <= newest.n; n += 1) {
    const found = await inspect(store, key, n);
    const expected = chain.at(-1)?.stateDigest ?? null;
    const segment = typeof found === 'string' ? null : found.ledger.segment;
    if (typeof found === 'string' || found.previous !== expected || (segment !== null && !(await verifies(store, segment)))) {
      await setAsideFrom(store, key, { first: n, last: newest.n });
      throw new RootstockError('ARTIFACT_CORRUPT', `Snapshot ${n} of stage ${key} is damaged; it and those after it were set aside.`, {
        stageKey: key,
        snapshot: n,
      });
    }
    chain.push(found);
  }
  return chain;
}

/** Stores the committed ledger up to a snapshot: the segments of its sequence, one behind the other. Errors as `readSnapshotChain`. */
export async function collectLedger(store: ArtifactStore, key: string, newest: SnapshotManifest): Promise<Ref> {
  const chain = await readSnapshotChain(store, key, newest);
  return store.put(readSegments(store, chain));
}

async function* readSegments(store: ArtifactStore, chain: readonly SnapshotManifest[]): AsyncGenerator<Uint8Array> {
  for (const { ledger } of chain) {
    if (ledger.segment === null) continue;
    const reader = await store.open(ledger.segment);
    try {
      const bytes = new Uint8Array(reader.byteLength);
      await reader.read(0, bytes);
      yield bytes;
    } finally {
      await reader.close();
    }
  }
}

/** Number of the last snapshot of an unbroken sequence from `start`; -1 for none. A break ends it: what comes after is set aside. */
async function probeForward(store: ArtifactStore, key: string, start: number): Promise<number> {
  let before: string | null | undefined = start === 0 ? null : undefined;
  for (let n = start; ; n += 1) {
    const found = await inspect(store, key, n);
    if (found === 'absent') return n - 1;
    if (found === 'rotten' || (before !== undefined && found.previous !== before)) {
      await setAsideFrom(store, key, { first: n, last: await lastExisting(store, key, n) });
      return n - 1;
    }
    before = found.stateDigest;
  }
}

async function lastExisting(store: ArtifactStore, key: string, first: number): Promise<number> {
  let n = first;
  while ((await inspect(store, key, n + 1)) !== 'absent') n += 1;
  return n;
}

/** From the last to the first, so that a death in between leaves no gap below what remains. */
async function setAsideFrom(store: ArtifactStore, key: string, range: { readonly first: number; readonly last: number }): Promise<void> {
  for (let n = range.last; n >= range.first; n -= 1) await store.setAside(snapshotName(key, n));
}

async function inspect(store: ArtifactStore, key: string, n: number): Promise<SnapshotManifest | 'absent' | 'rotten'> {
  try {
    const body = await store.read(snapshotName(key, n));
    if (body === undefined) return 'absent';
    return parseSnapshot(fromJsonBytes(body, `snapshot ${n}`), n) ?? 'rotten';
  } catch (error) {
    if (isLost(error) || (error instanceof RootstockError && error.code === 'INTERNAL')) return 'rotten';
    throw error;
  }
}

async function isWhole(store: ArtifactStore, snapshot: SnapshotManifest): Promise<boolean> {
  for (const ref of collectRefs(snapshot as unknown as Json)) if (!(await verifies(store, ref))) return false;
  return true;
}

/** Whether a blob is there and has its digest. Only what the store knows to be lost is false; a disk that fails to answer is an error. */
async function verifies(store: ArtifactStore, ref: Ref): Promise<boolean> {
  try {
    await (await store.open(ref)).close();
    return true;
  } catch (error) {
    if (isLost(error)) return false;
    throw error;
  }
}

function isLost(error: unknown): boolean {
  return error instanceof RootstockError && (error.code === 'ARTIFACT_CORRUPT' || error.code === 'ARTIFACT_NOT_FOUND');
}

function tensorRefs(snapshot: SnapshotManifest): Ref[] {
  return snapshot.best === null ? [snapshot.state] : [snapshot.state, snapshot.best];
}

function snapshotName(key: string, n: number): string {
  return stageName(key, `snap-${n}`);
}

function violation(key: string, ours: SnapshotManifest, theirs: SnapshotManifest): RootstockError {
  const line = ({ envelope, stateDigest }: SnapshotManifest) => `${stateDigest} by lease ${envelope.lease} on ${envelope.host}`;
  return new RootstockError(
    'DETERMINISM_VIOLATION',
    `Two attempts of one stage reached different states at step ${ours.step} (snapshot ${ours.n}).\n  this one: ${line(ours)}\n  the other: ${line(theirs)}\nFix: compare the two machines (Node version, kernels, memory errors), then retry the stage.`,
    {
      stageKey: key,
      step: ours.step,
      ours: { stateDigest: ours.stateDigest, state: ours.state.digest, host: ours.envelope.host },
      theirs: { stateDigest: theirs.stateDigest, state: theirs.state.digest, host: theirs.envelope.host },
    },
  );
}
