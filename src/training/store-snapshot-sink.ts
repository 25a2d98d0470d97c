import { hostname } from 'node:os';
import { isLeaseCurrent } from '../artifacts/leases.ts';
import { buildSnapshot, type SnapshotManifest } from '../artifacts/snapshot.ts';
import { commitSnapshot, pruneSnapshots } from '../artifacts/snapshots.ts';
import type { ArtifactStore } from '../artifacts/store.ts';
import { saveTrainingState } from '../artifacts/training-state.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { BackendName } from '../contracts/plan.ts';
import type { Ref } from '../contracts/refs.ts';
import type { Weights } from '../contracts/tensors.ts';
import { RootstockError } from '../errors.ts';
import type { CommittedSnapshot, SnapshotRequest, SnapshotSink } from './snapshot-sink.ts';

/** What a sink that writes into the store needs to know. */
export interface StoreSinkOptions {
  readonly store: ArtifactStore;
  readonly stageKey: string;
  /** Number of the lease that this attempt holds. */
  readonly lease: number;
  /** The snapshot training resumed from. */
  readonly resumed: SnapshotManifest | null;
  /** The best weights of the state that was resumed: stored already. */
  readonly resumedBest: Weights | null;
  readonly backend: BackendName;
  /** Backend class and versions, see `LoadedBackend.describe`. */
  readonly description: JsonObject;
  /** How many snapshots keep their tensors. */
  readonly keep: number;
}

/** Creates a sink that commits into the store before it returns. The lease is checked before every commit. */
export function createStoreSnapshotSink(options: StoreSinkOptions): SnapshotSink {
  const { store, stageKey, lease } = options;
  let newest = options.resumed;
  let best = { weights: options.resumedBest, ref: newest?.best ?? null };
  return {
    newest: () => (newest === null ? null : toCommitted(newest)),
    async commit({ state, ledgerRows, sampleLines, elapsedMs }) {
      const known = state.best !== null && state.best === best.weights ? best.ref : null;
      const saved = await saveTrainingState(store, stageKey, { state, knownBest: known });
      best = { weights: state.best, ref: saved.best };
      const manifest = buildSnapshot(
        {
          ...saved,
          n: newest === null ? 0 : newest.n + 1,
          ledger: { segment: await saveSegment(store, ledgerRows), rows: ledgerRows.length },
          previous: newest?.stateDigest ?? null,
        },
        envelope(options, { sampleLines, elapsedMs }),
      );
      if (!(await isLeaseCurrent(store, stageKey, lease))) throw leaseLost(stageKey, { lease, step: saved.step });
      newest = await commitSnapshot(store, stageKey, manifest);
      await pruneSnapshots(store, stageKey, { newest: newest.n, keep: options.keep });
      return toCommitted(newest);
    },
  };
}

function toCommitted({ n, step, stateDigest }: SnapshotManifest): CommittedSnapshot {
  return { snapshot: n, step, stateDigest };
}

async function saveSegment(store: ArtifactStore, rows: readonly string[]): Promise<Ref | null> {
  return rows.length === 0 ? null : store.put([Buffer.from(`${rows.join('\n')}\n`, 'utf8')]);
}

function envelope(
  options: StoreSinkOptions,
  { sampleLines, elapsedMs }: Pick<SnapshotRequest, 'sampleLines' | 'elapsedMs'>,
): SnapshotManifest['envelope'] {
  return {
    lease: options.lease,
    host: hostname(),
    pid: process.pid,
    versions: { node: process.versions.node, v8: process.versions.v8, kernels: backendClass(options.description) },
    backend: options.backend,
    createdAt: new Date().toISOString(),
    sampleLog: { lease: options.lease, lines: sampleLines },
    elapsedMs: Math.round(elapsedMs),
  };
}

/** Class, kernel pack and digest of our own kernels in one word: backends with the same word give the same bits. */
export function backendClass(description: JsonObject): string {
  const { class: name, kernelPack, fusedKernels } = description;
  const digest = typeof fusedKernels === 'string' ? fusedKernels.slice(0, 12) : undefined;
  return [name, kernelPack, digest]
    .filter((part) => part !== undefined)
    .map(String)
    .join('/');
}

function leaseLost(stageKey: string, facts: { readonly lease: number; readonly step: number }): RootstockError {
  return new RootstockError(
    'LEASE_LOST',
    `Another attempt has taken over this stage: lease ${facts.lease} is no longer the newest. Nothing was committed at step ${facts.step}.`,
    { stageKey, ...facts },
  );
}
