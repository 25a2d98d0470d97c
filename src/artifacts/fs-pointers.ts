import { join } from 'node:path';
import { RootstockError } from '../errors.ts';
import type { FsStoreContext } from './fs-blobs.ts';
import { createDocument, readDocument } from './fs-documents.ts';
import { storeIo, unlessErrno } from './fs-errors.ts';
import { documentPath, pointerDirectory } from './fs-layout.ts';

interface PointerVersion {
  /** -1: the pointer has never been set. */
  readonly number: number;
  readonly body: Uint8Array | null;
}

const UNSET: PointerVersion = { number: -1, body: null };

/**
 * Replaces a mutable pointer if it still holds `expected`. Each value is a new version file `@<n>` made by link, so of two writers that
 * saw the same value exactly one wins, between processes too. Versions are never removed: a number that became free again would let
 * a writer that slept through two changes win with a stale value. False: the pointer holds something else.
 */
export async function replacePointer(
  context: FsStoreContext,
  name: string,
  change: { readonly expected: Uint8Array | null; readonly body: Uint8Array },
): Promise<boolean> {
  if ((await readDocument(context, documentPath(context.layout, name))) !== undefined) {
    throw new RootstockError('USAGE', `"${name}" is a document written once; only pointers can be replaced.`, { name });
  }
  for (;;) {
    const current = await newestVersion(context, name);
    if (!sameBytes(current.body, change.expected)) {
      // What was seen here may steer the caller: it has to survive a power cut, like every answer of a store.
      if (current.number >= 0) await context.directories.sync(pointerDirectory(context.layout, name));
      return false;
    }
    const { created } = await createDocument(context, versionPath(context, name, current.number + 1), change.body);
    if (created) return true;
  }
}

/** Reads a pointer's value; undefined when it has never been set. */
export async function readPointer(context: FsStoreContext, name: string): Promise<Uint8Array | undefined> {
  return (await newestVersion(context, name)).body ?? undefined;
}

async function newestVersion(context: FsStoreContext, name: string): Promise<PointerVersion> {
  const directory = pointerDirectory(context.layout, name);
  for (;;) {
    const names = await storeIo('list', directory, () => unlessErrno(['ENOENT', 'ENOTDIR'], () => context.fs.readdir(directory)));
    const numbers = (names ?? []).filter((entry) => /^@\d{1,15}$/.test(entry)).map((entry) => Number(entry.slice(1)));
    const listed = Math.max(-1, ...numbers);
    let newest = listed < 0 ? UNSET : await readVersion(context, name, listed);
    // A listed version that is gone was rotten and has been moved away by another reader: look again.
    if (newest === undefined) continue;
    // The listing gives a start only; newer versions are found by name, which no cache of directory entries can hide.
    for (;;) {
      const next: PointerVersion | undefined = await readVersion(context, name, newest.number + 1);
      if (next === undefined) return newest;
      newest = next;
    }
  }
}

async function readVersion(context: FsStoreContext, name: string, number: number): Promise<PointerVersion | undefined> {
  const body = await readDocument(context, versionPath(context, name, number));
  return body === undefined ? undefined : { number, body };
}

function versionPath(context: FsStoreContext, name: string, number: number): string {
  return join(pointerDirectory(context.layout, name), `@${number}`);
}

function sameBytes(left: Uint8Array | null, right: Uint8Array | null): boolean {
  if (left === null || right === null) return left === right;
  return Buffer.compare(left, right) === 0;
}
