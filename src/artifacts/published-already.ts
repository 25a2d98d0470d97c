import { basename, dirname, join } from 'node:path';
import type { Json, JsonObject } from '../contracts/json.ts';
import type { Ref } from '../contracts/refs.ts';
import { checkOutput } from './check-output.ts';
import { errnoOf, storeIo } from './fs-errors.ts';
import type { FsPort } from './fs-port.ts';
import { closeQuietly, hashFile, openRegular } from './fs-verify.ts';
import type { PublishDirectoryInput } from './published-file.ts';

/**
 * For a place where nothing can be written: the path, without symbolic links, of the output that this very run has published there, whole;
 * undefined when it is not. It has the run's digest and files of the same names, those of the store the same, and all of them are as its manifest
 * lists them. What else the manifest says (versions, for example) may differ. Errors: OUTPUT_EXISTS when something else is there.
 */
export async function publishedAlready(fs: FsPort, { output, files, marker }: PublishDirectoryInput): Promise<string | undefined> {
  try {
    const parent = await storeIo('resolve', dirname(output), () => fs.realpath(dirname(output)));
    const path = join(parent, basename(output));
    const found = await checkOutput(path, marker.name, fs);
    const runDigest = marker['run_digest'];
    if (found.kind !== 'earlier' || typeof runDigest !== 'string' || found.manifest['run_digest'] !== runDigest) return undefined;
    const listed = listedFiles(found.manifest);
    if (listed === undefined || listed.size !== files.length) return undefined;
    for (const file of files) {
      const there = listed.get(file.name);
      if (there === undefined || ('ref' in file && there.digest !== file.ref.digest)) return undefined;
    }
    return (await hasFiles(fs, path, listed)) ? path : undefined;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined; // it cannot be read either: that it cannot be written is the news
  }
}

/** Whether a directory holds these files with this content. It may hold others. */
export async function hasFiles(fs: FsPort, directory: string, files: ReadonlyMap<string, Ref>): Promise<boolean> {
  for (const [name, ref] of files) {
    const path = join(directory, name);
    const opened = await openRegular(fs, path);
    if (typeof opened === 'string') return false;
    try {
      if (opened.stat.size !== ref.byteLength || (await hashFile(opened.file, path, ref.byteLength)) !== ref.digest) return false;
    } finally {
      await closeQuietly(opened.file);
    }
  }
  return true;
}

/** The files of a manifest; undefined when it does not say of each what it holds. */
function listedFiles(manifest: JsonObject): ReadonlyMap<string, Ref> | undefined {
  const listed = new Map<string, Ref>();
  for (const [name, entry] of Object.entries((manifest['files'] ?? {}) as JsonObject)) {
    const { sha256, byteLength } = toObject(entry);
    if (typeof sha256 !== 'string' || typeof byteLength !== 'number') return undefined;
    listed.set(name, { digest: sha256, byteLength });
  }
  return listed;
}

function toObject(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
