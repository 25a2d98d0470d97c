import type { Ref } from '../../contracts/refs.ts';
import type { Weights } from '../../contracts/tensors.ts';
import type { ArtifactStore } from '../store.ts';
import { type ReadOptions, readSafetensors } from './read.ts';
import { weightsToChunks } from './write.ts';

/** Stores weights as canonical safetensors; the reference's digest is the file's SHA-256 (`weights_sha256`). */
export async function saveWeights(store: ArtifactStore, weights: Weights): Promise<Ref> {
  return store.put(weightsToChunks(weights));
}

/** Loads stored weights, verified. Errors: those of the store and of `readSafetensors`. */
export async function loadWeights(store: ArtifactStore, ref: Ref, options: ReadOptions = {}): Promise<Weights> {
  const reader = await store.open(ref);
  try {
    const { weights } = await readSafetensors(reader, { where: `artifact ${ref.digest}`, ...options });
    return weights;
  } finally {
    await reader.close();
  }
}
