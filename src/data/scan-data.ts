import type { DataFacts, DataRequest } from '../contracts/plan.ts';
import { type EncodeOptions, encodeData } from './encode-data.ts';
import { findSources, listFiles } from './find-sources.ts';
import { readCachedFacts, type ScanKey, scanKey, writeCachedFacts } from './scan-cache.ts';
import { stampFiles } from './source-files.ts';

/** How data is scanned. */
export interface ScanOptions extends EncodeOptions {
  /** Directory for what earlier scans found, made when needed; null: no cache. */
  readonly cacheDir: string | null;
}

/**
 * Reads all data of a run once and says what is in it: rows and digest per split, widths, classes. Stores none of it. The digests are
 * those of the blobs that `materialiseData` writes. Facts are cached by the request and each file's path, size, time of change and
 * inode; errors are not. Fails as `encodeData` does; STORE_IO when the cache cannot be written.
 */
export async function scanData(request: DataRequest, options: ScanOptions): Promise<DataFacts> {
  const { cacheDir } = options;
  if (cacheDir === null) return encodeData(request, () => NOWHERE, options);
  const key = await currentKey(request);
  const cached = await readCachedFacts(cacheDir, key);
  if (cached !== undefined) return cached;
  const facts = await encodeData(request, () => NOWHERE, options);
  await writeCachedFacts(cacheDir, key, facts);
  return facts;
}

const NOWHERE = { write: async (): Promise<void> => undefined };

async function currentKey(request: DataRequest): Promise<ScanKey> {
  return scanKey(request, await stampFiles(listFiles(await findSources(request))));
}
