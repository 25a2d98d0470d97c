import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { DataRequest, DataSourceSpec, SplitSpec } from '../../src/contracts/plan.ts';
import type { Ref } from '../../src/contracts/refs.ts';
import type { ReadableBlob } from '../../src/data/blob-format.ts';
import type { FeatureDataset, GraphDataset } from '../../src/data/dataset.ts';
import { openDataset } from '../../src/data/open-dataset.ts';
import { openSession } from '../../src/data/session.ts';
import { RootstockError } from '../../src/errors.ts';

/** Makes a directory that is removed after the test. */
export async function makeDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rootstock-data-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes the result of a query to files with DuckDB; the extension decides the format. */
export async function writeTable(select: string, ...paths: readonly string[]): Promise<void> {
  const session = await openSession({ readable: 'any', threads: 1 });
  try {
    for (const path of paths) await session.run(`COPY (${select}) TO '${path.replaceAll("'", "''")}' (${formatOf(path)})`);
  } finally {
    session.close();
  }
}

function formatOf(path: string): string {
  if (path.endsWith('.parquet')) return 'FORMAT parquet';
  if (path.endsWith('.csv')) return 'FORMAT csv, HEADER';
  return `FORMAT json, ARRAY ${path.endsWith('.json')}`;
}

/** A source by path or glob. */
export const files = (path: string): DataSourceSpec => ({ kind: 'files', path });

/** A request with one source per split; x1 and x2 predict y unless told otherwise. */
export function separate(train: DataSourceSpec, rest: Partial<DataRequest> & { readonly test?: DataSourceSpec } = {}): DataRequest {
  const { test = null, ...request } = rest;
  const sources = { kind: 'separate', train, validation: null, test } as const;
  return { sources, rowId: null, x: ['x1', 'x2'], y: ['y'], task: 'regression', classes: null, ...request };
}

/** A request with one source that is split. */
export function splitOf(source: DataSourceSpec, rest: Partial<DataRequest> & { readonly split?: SplitSpec } = {}): DataRequest {
  const { split = thirds(0), ...request } = rest;
  return { ...separate(source), sources: { kind: 'split', source, split }, ...request };
}

/** A split in about 60, 20 and 20 of a hundred rows. */
export function thirds(splitSeed: number): SplitSpec {
  return { name: 'shuffle_split', trainFraction: 0.6, validationFraction: 0.2, testFraction: 0.2, splitSeed };
}

/** A query with its files. */
export function sql(text: string, named: Readonly<Record<string, string>>, rowId: string | null = 'id'): DataSourceSpec {
  return { kind: 'sql', sql: text, files: named, rowId };
}

/** A store in memory. */
export interface MemoryStore {
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  readonly put: (chunks: AsyncIterable<Uint8Array>) => Promise<Ref>;
}

/** Creates an empty store in memory. */
export function createMemoryStore(): MemoryStore {
  const blobs = new Map<string, Uint8Array>();
  return {
    blobs,
    put: async (chunks) => {
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks) parts.push(chunk);
      const bytes = Buffer.concat(parts);
      const digest = createHash('sha256').update(bytes).digest('hex');
      blobs.set(digest, bytes);
      return { digest, byteLength: bytes.byteLength };
    },
  };
}

/** Reads a blob from memory. */
export function readable(bytes: Uint8Array | undefined): ReadableBlob {
  if (bytes === undefined) throw new TypeError('no such blob');
  return {
    byteLength: bytes.byteLength,
    read: async (offset, into) => into.set(bytes.subarray(offset, offset + into.byteLength)),
  };
}

/** Opens a blob of plain features. */
export async function openFeatures(blob: ReadableBlob): Promise<FeatureDataset> {
  const dataset = await openDataset(blob);
  if (dataset.kind !== 'features') throw new TypeError('molecules where features were expected');
  return dataset;
}

/** Opens a blob of molecules. */
export async function openGraphs(blob: ReadableBlob): Promise<GraphDataset> {
  const dataset = await openDataset(blob);
  if (dataset.kind !== 'graphs') throw new TypeError('features where molecules were expected');
  return dataset;
}

/** Runs something that has to fail and returns its coded error. */
export async function failure(work: () => Promise<unknown>): Promise<RootstockError> {
  const error = await work().then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof RootstockError) return error;
  throw error;
}
