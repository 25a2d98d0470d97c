import type { Ref } from '../contracts/refs.ts';
import type { TensorData, Weights } from '../contracts/tensors.ts';
import { RootstockError } from '../errors.ts';
import { checkDigest } from './fs-layout.ts';
import { loadWeights, saveWeights } from './safetensors/weights-blob.ts';
import type { ArtifactStore } from './store.ts';

/**
 * Stores tensors of a stage's snapshot. An empty tensor named after the stage key makes the bytes unlike any other stage's: blobs are
 * shared by content, two stages that differ only in a monitor pass through the same weights, and pruning one must not take the
 * other's.
 */
export async function saveStageState(store: ArtifactStore, key: string, tensors: Weights): Promise<Ref> {
  const mark: TensorData = { shape: [0], dtype: 'float32', data: new Float32Array(0) };
  return saveWeights(store, new Map([...tensors, [markName(key), mark]]));
}

/** Loads what `saveStageState` stored for the same stage. CHECKPOINT_INVALID when it was stored for another, or by other means. */
export async function loadStageState(store: ArtifactStore, key: string, ref: Ref): Promise<Weights> {
  const tensors = new Map(await loadWeights(store, ref));
  if (!tensors.delete(markName(key))) {
    throw new RootstockError('CHECKPOINT_INVALID', `Artifact ${ref.digest} is not a snapshot of stage ${key}.`, {
      digest: ref.digest,
      stageKey: key,
    });
  }
  return tensors;
}

function markName(key: string): string {
  checkDigest(key);
  return `__stage__.${key}`;
}
