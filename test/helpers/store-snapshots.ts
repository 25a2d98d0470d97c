import { buildSnapshot, type SnapshotContent, type SnapshotManifest } from '../../src/artifacts/snapshot.ts';
import { saveStageState } from '../../src/artifacts/stage-state.ts';
import type { ArtifactStore } from '../../src/artifacts/store.ts';
import type { TensorData } from '../../src/contracts/tensors.ts';

/** A stage key for tests. */
export const STAGE_KEY = 'ab'.repeat(32);

/** Stores the tensors of a made-up training state in which every weight is `value`. */
export async function saveState(store: ArtifactStore, value: number, key = STAGE_KEY) {
  const weight: TensorData = { shape: [64], dtype: 'float32', data: new Float32Array(64).fill(value) };
  return saveStageState(store, key, new Map([['weights/w', weight]]));
}

/** Builds snapshot `n` after `previous`: ten steps per snapshot, one ledger row, tensors that depend on the step. */
export async function makeSnapshot(
  store: ArtifactStore,
  previous: SnapshotManifest | undefined,
  change: Partial<SnapshotContent> & { readonly lease?: number; readonly host?: string } = {},
): Promise<SnapshotManifest> {
  const n = previous === undefined ? 0 : previous.n + 1;
  const { lease = 0, host = 'here', ...content } = change;
  const step = content.step ?? (n + 1) * 10;
  const segment = await store.put([Buffer.from(`${step},loss,0.5\n`)]);
  return buildSnapshot(
    {
      n,
      step,
      epoch: 0,
      batch: step,
      samplesSeen: step * 4,
      state: await saveState(store, step),
      best: null,
      counters: {},
      monitor: {},
      ledger: { segment, rows: 1 },
      previous: previous?.stateDigest ?? null,
      ...content,
    },
    {
      lease,
      host,
      pid: 1,
      versions: { node: '20', v8: '11', kernels: 'k' },
      backend: 'cpu',
      createdAt: '2025-01-01T00:00:00.000Z',
      sampleLog: { lease, lines: step },
    },
  );
}
