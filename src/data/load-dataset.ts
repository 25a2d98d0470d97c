import type { DataFacts, DataRequest } from '../contracts/plan.ts';
import type { ReadableBlob } from './blob-format.ts';
import type { Dataset } from './dataset.ts';
import { materialiseData } from './materialise-data.ts';
import { openDataset } from './open-dataset.ts';

/** The training split of a request in memory, with what was found on the way. */
export interface LoadedDataset {
  readonly dataset: Dataset;
  readonly facts: DataFacts;
}

/** Reads data into memory without storing it anywhere. Fails as `materialiseData` does. */
export async function loadDataset(request: DataRequest): Promise<LoadedDataset> {
  const stored = new Map<string, Buffer>();
  const { facts, blobs } = await materialiseData(request, async (chunks) => {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk.slice());
    const digest = String(stored.size);
    const bytes = Buffer.concat(parts);
    stored.set(digest, bytes);
    return { digest, byteLength: bytes.byteLength };
  });
  const bytes = stored.get(blobs.train?.digest ?? '');
  if (bytes === undefined) throw new TypeError('materialised data without a training split');
  return { dataset: await openDataset(inMemory(bytes)), facts };
}

function inMemory(bytes: Buffer): ReadableBlob {
  return {
    byteLength: bytes.byteLength,
    read(offset, into) {
      bytes.copy(into, 0, offset, offset + into.byteLength);
      return Promise.resolve();
    },
  };
}
