import { createHash, randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson } from '../contracts/canonical-json.ts';
import type { Json } from '../contracts/json.ts';
import type { DataFacts, DataRequest } from '../contracts/plan.ts';
import { RootstockError } from '../errors.ts';
import { makeDirectory } from '../files/make-directory.ts';
import { BLOB_VERSION } from './blob-format.ts';
import type { FileStamp } from './source-files.ts';

/** Names a scan: SHA-256 over the request, the files' stamps and the versions that decide what a scan finds. */
export type ScanKey = string;

/** Raised by hand when the same files can give other facts than before: another DuckDB, another check. */
const SCAN_VERSION = 2;

/** Makes the key of a scan. */
export function scanKey(request: DataRequest, stamps: readonly FileStamp[]): ScanKey {
  return sha256(canonical({ scanVersion: SCAN_VERSION, blobVersion: BLOB_VERSION, request, stamps }));
}

/** Reads what an earlier scan found. A file that is absent, damaged or of another key counts as absent. */
export async function readCachedFacts(cacheDir: string, key: ScanKey): Promise<DataFacts | undefined> {
  const text = await readFile(cachePath(cacheDir, key), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const [check, body] = [text.slice(0, 64), text.slice(65)];
  return check === sha256(`${key}\n${body}`) ? (JSON.parse(body) as DataFacts) : undefined;
}

/** Writes what a scan found, whole or not at all. Fails with STORE_IO. */
export async function writeCachedFacts(cacheDir: string, key: ScanKey, facts: DataFacts): Promise<void> {
  const body = canonical(facts);
  const path = cachePath(cacheDir, key);
  const staged = `${path}.${randomUUID()}.tmp`;
  try {
    await makeDirectory(cacheDir);
    await writeFile(staged, `${sha256(`${key}\n${body}`)}\n${body}`);
    await rename(staged, path);
  } catch (error) {
    await rm(staged, { force: true }).catch(() => undefined);
    const { code: errno = String(error) } = error as NodeJS.ErrnoException;
    const cure = errno === 'ENOSPC' || errno === 'EDQUOT' ? 'free some disk space' : 'make it writable';
    const message = `The scan cache "${cacheDir}" cannot be written (${errno}).\nFix: ${cure}, or name another state directory with --state.`;
    throw new RootstockError('STORE_IO', message, { path, errno }, { cause: error });
  }
}

function cachePath(cacheDir: string, key: ScanKey): string {
  return join(cacheDir, `${key}.json`);
}

/** Contracts are JSON by construction; their interfaces only lack the index signature that `Json` asks for. */
function canonical(value: unknown): string {
  return canonicalJson(value as Json);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
