import { join, resolve } from 'node:path';
import type { Json } from '../contracts/json.ts';
import type { Ref } from '../contracts/refs.ts';
import { RootstockError } from '../errors.ts';
import { storeIo, unlessErrno } from './fs-errors.ts';
import { blobPath, buildLayout, isDigest, type StoreLayout } from './fs-layout.ts';
import { type FsPort, type FsStat, nodeFs } from './fs-port.ts';
import { collectedName } from './fs-quarantine.ts';
import { openFsStore } from './fs-store.ts';
import { sweepTemp } from './fs-temp.ts';
import { closeQuietly, openRegular, readFully } from './fs-verify.ts';
import { readBlob } from './json-blob.ts';
import { collectRefs } from './json-refs.ts';
import type { ArtifactStore } from './store.ts';

/** How a collection runs. */
export interface GarbageOptions {
  /** Only counts. */
  readonly dryRun?: boolean;
  /** What was written or used in this time is kept, reachable or not: its name may be about to be committed. Default: one hour. */
  readonly graceMs?: number;
  /** Milliseconds since 1970; default: now. */
  readonly now?: number;
  readonly fs?: FsPort;
}

/** What a collection found and freed (or would free). */
export interface GarbageReport {
  readonly reachableBytes: number;
  readonly freedBytes: number;
  readonly files: number;
}

interface Sweep {
  readonly fs: FsPort;
  readonly layout: StoreLayout;
  readonly dryRun: boolean;
  /** Files used since then are kept. */
  readonly since: number;
  files: number;
  bytes: number;
}

const HOUR_MS = 3600 * 1000;

/** Larger blobs are tensors or data, not documents with references. */
const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;

/**
 * Removes what nothing refers to any more. Roots are all named documents and the newest value of each pointer; references are followed
 * through JSON blobs. Snapshots of a finished stage are no roots: its manifest holds all that is needed. Also empties the quarantine and
 * sweeps temporary files of dead processes. A document that does not verify ends the run before anything is deleted (ARTIFACT_CORRUPT).
 *
 * Errors: FILE_NOT_FOUND when there is no store; those of the store.
 */
export async function collectGarbage(directory: string, options: GarbageOptions = {}): Promise<GarbageReport> {
  const fs = options.fs ?? nodeFs;
  const layout = buildLayout(await requireStore(fs, directory));
  const now = options.now ?? Date.now();
  const dryRun = options.dryRun === true;
  const temp = await sweepTemp(fs, layout.tmp, { dryRun, now });
  const store = await openFsStore(layout.root, { fs, sweep: false });
  const marked = await mark(store, fs, layout);
  const sweep: Sweep = { fs, layout, dryRun, since: now - (options.graceMs ?? HOUR_MS), files: temp.files, bytes: temp.bytes };
  let reachableBytes = 0;
  for (const blob of await listBlobs(fs, layout)) {
    if (marked.has(blob.digest)) reachableBytes += blob.stat.size;
    else if (blob.stat.mtimeMs < sweep.since) await removeUnlessUsed(sweep, blob);
  }
  await emptyQuarantine(sweep);
  return { reachableBytes, freedBytes: sweep.bytes, files: sweep.files };
}

/** Checks that a directory holds a store, and gives its path without symbolic links. FILE_NOT_FOUND when it does not. */
export async function requireStore(fs: FsPort, directory: string): Promise<string> {
  const root = await storeIo('resolve', directory, () => unlessErrno(['ENOENT', 'ENOTDIR'], () => fs.realpath(resolve(directory))));
  const identity = root === undefined ? undefined : buildLayout(root).identity;
  const stat = identity === undefined ? undefined : await unlessErrno(['ENOENT', 'ENOTDIR'], () => fs.lstat(identity));
  if (root !== undefined && stat !== undefined) return root;
  throw new RootstockError('FILE_NOT_FOUND', `There is no artifact store in "${directory}".`, { file: directory });
}

/** Digests of all blobs that can be reached. */
async function mark(store: ArtifactStore, fs: FsPort, layout: StoreLayout): Promise<ReadonlySet<string>> {
  const names = new Set(await store.list(''));
  const rest: Ref[] = [];
  for (const name of names) {
    const stage = /^(stages\/[0-9a-f]{64})\/snap-\d+$/.exec(name)?.[1];
    if (stage !== undefined && names.has(`${stage}/manifest`)) continue;
    const body = await store.read(name);
    if (body !== undefined) rest.push(...refsIn(body));
  }
  const marked = new Set<string>();
  for (let ref = rest.pop(); ref !== undefined; ref = rest.pop()) {
    if (marked.has(ref.digest)) continue;
    marked.add(ref.digest);
    if (await mayHoldRefs(fs, layout, ref)) rest.push(...refsIn(await readBlob(store, ref)));
  }
  return marked;
}

function refsIn(bytes: Uint8Array): readonly Ref[] {
  let value: Json;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8')) as Json;
  } catch {
    // Not JSON (a ledger, tensors, data): it refers to nothing.
    return [];
  }
  return collectRefs(value);
}

/** Whether a blob is there, is small enough to be a document, and starts like JSON. */
async function mayHoldRefs(fs: FsPort, layout: StoreLayout, ref: Ref): Promise<boolean> {
  const path = blobPath(layout, ref.digest);
  const opened = await openRegular(fs, path);
  if (typeof opened === 'string') return false;
  try {
    if (opened.stat.size !== ref.byteLength || ref.byteLength > MAX_DOCUMENT_BYTES) return false;
    const first = new Uint8Array(1);
    return (await readFully(opened.file, path, { into: first, position: 0 })) && (first[0] === 0x7b || first[0] === 0x5b); // { or [
  } finally {
    await closeQuietly(opened.file);
  }
}

interface FoundBlob {
  readonly path: string;
  readonly digest: string;
  readonly stat: FsStat;
}

async function listBlobs(fs: FsPort, layout: StoreLayout): Promise<readonly FoundBlob[]> {
  const blobs: FoundBlob[] = [];
  for (const folder of await listDirectory(fs, layout.blobs)) {
    for (const digest of await listDirectory(fs, join(layout.blobs, folder))) {
      const path = join(layout.blobs, folder, digest);
      const stat = await storeIo('inspect', path, () => unlessErrno(['ENOENT'], () => fs.lstat(path)));
      if (isDigest(digest) && stat?.kind === 'file') blobs.push({ path, digest, stat });
    }
  }
  return blobs;
}

/**
 * Moves a blob away before deleting it, and looks at it again: a `put` of the same bytes that found it has touched it by then (it is put
 * back), or finds it gone (and writes it anew). Without the move a blob could vanish under a reference just made.
 */
async function removeUnlessUsed(sweep: Sweep, blob: FoundBlob): Promise<void> {
  const { fs, layout } = sweep;
  if (!sweep.dryRun) {
    const away = join(layout.quarantine, collectedName(blob.digest));
    const moved = await storeIo('collect', blob.path, () => unlessErrno(['ENOENT'], () => fs.rename(blob.path, away).then(() => true)));
    if (moved !== true) return;
    const now = await storeIo('inspect', away, () => unlessErrno(['ENOENT'], () => fs.lstat(away)));
    // Gone: a process that has just opened the store put it back.
    const used = now === undefined || now.mtimeMs >= sweep.since;
    if (used) await storeIo('restore', blob.path, () => unlessErrno(['EEXIST', 'ENOENT'], () => fs.link(away, blob.path)));
    await storeIo('remove', away, () => unlessErrno(['ENOENT'], () => fs.unlink(away)));
    if (used) return;
  }
  sweep.files += 1;
  sweep.bytes += blob.stat.size;
}

/** A move to the quarantine sets the change time (not the modification time), so that tells how long something has been there. */
async function emptyQuarantine(sweep: Sweep): Promise<void> {
  const { fs, layout } = sweep;
  for (const name of await listDirectory(fs, layout.quarantine)) {
    const path = join(layout.quarantine, name);
    const stat = await storeIo('inspect', path, () => unlessErrno(['ENOENT'], () => fs.lstat(path)));
    if (stat === undefined || stat.kind === 'directory' || stat.ctimeMs >= sweep.since) continue;
    if (!sweep.dryRun) await storeIo('remove', path, () => unlessErrno(['ENOENT'], () => fs.unlink(path)));
    sweep.files += 1;
    sweep.bytes += stat.size;
  }
}

async function listDirectory(fs: FsPort, path: string): Promise<readonly string[]> {
  return (await storeIo('list', path, () => unlessErrno(['ENOENT', 'ENOTDIR'], () => fs.readdir(path)))) ?? [];
}
