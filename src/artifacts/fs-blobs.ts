import { dirname } from 'node:path';
import type { Ref } from '../contracts/refs.ts';
import { RootstockError } from '../errors.ts';
import { type DurableDirectories, linkIfAbsent } from './fs-directory.ts';
import { storeIo, storeIoError, unlessErrno } from './fs-errors.ts';
import { blobPath, type StoreLayout } from './fs-layout.ts';
import type { FsFile, FsPort, FsStat } from './fs-port.ts';
import { quarantineFile } from './fs-quarantine.ts';
import { dropTemp, writeTemp } from './fs-temp.ts';
import { closeQuietly, fileIdentity, hashFile, openRegular, readFully } from './fs-verify.ts';
import type { ArtifactStore, BlobReader } from './store.ts';

/** What the parts of a file-system store share. */
export interface FsStoreContext {
  readonly fs: FsPort;
  readonly layout: StoreLayout;
  readonly directories: DurableDirectories;
  /** Digest -> identity of the file that this process has found to hold it. */
  readonly verified: Map<string, string>;
}

type Blobs = Pick<ArtifactStore, 'put' | 'open' | 'has' | 'deleteBlob'>;

/** How often a commit starts over when somebody else moves the blob meanwhile (a GC run, another process's repair). */
const LINK_ATTEMPTS = 8;

/** Creates the content-addressed half of a store on a file system. */
export function createFsBlobs(context: FsStoreContext): Blobs {
  const { fs, layout } = context;
  return {
    put: async (chunks) => {
      const temp = await writeTemp(fs, layout.tmp, chunks);
      try {
        await linkBlob(context, temp.path, temp);
      } finally {
        await dropTemp(fs, temp.path);
      }
      return { digest: temp.digest, byteLength: temp.byteLength };
    },
    open: (ref) => openBlob(context, ref),
    has: async (ref) => {
      const path = blobPath(layout, ref.digest);
      const opened = await openRegular(fs, path);
      if (typeof opened === 'string') return false;
      try {
        // Who asks means to use the blob without writing it again: that keeps GC away from it for its grace period.
        if (opened.stat.size === ref.byteLength) await touch(context, ref.digest, opened.file);
        return opened.stat.size === ref.byteLength;
      } finally {
        await closeQuietly(opened.file);
      }
    },
    deleteBlob: async (ref) => {
      const path = blobPath(layout, ref.digest);
      context.verified.delete(ref.digest);
      await storeIo('remove', path, () => unlessErrno(['ENOENT'], () => fs.unlink(path)));
    },
  };
}

/** Gives a complete temporary file its final name, or finds the same bytes there already. Durable when it returns. */
async function linkBlob(context: FsStoreContext, temp: string, ref: Ref): Promise<void> {
  const path = blobPath(context.layout, ref.digest);
  await context.directories.ensure(dirname(path));
  for (let attempt = 0; attempt < LINK_ATTEMPTS; attempt += 1) {
    if ((await linkIfAbsent(context.fs, temp, path)) || (await adoptExisting(context, path, ref))) {
      // Also for a blob that was there: whoever linked it may have died before this.
      return context.directories.sync(dirname(path));
    }
  }
  throw storeIoError(`Cannot commit "${path}": somebody keeps moving it away.`, 'EAGAIN', { path });
}

/** Whether the file that has the blob's name is the blob. Rotten: it goes to the quarantine, and the name is free. */
async function adoptExisting(context: FsStoreContext, path: string, ref: Ref): Promise<boolean> {
  const opened = await openRegular(context.fs, path);
  if (opened === 'absent') return false;
  if (opened === 'foreign') {
    await quarantineFile(context.fs, path, { quarantine: context.layout.quarantine, seen: undefined });
    return false;
  }
  try {
    if (!(await isIntact(context, ref, { ...opened, path }))) {
      await quarantineFile(context.fs, path, { quarantine: context.layout.quarantine, seen: opened.stat });
      return false;
    }
    await touch(context, ref.digest, opened.file);
    // GC may have moved the file away between the open and the touch; after the touch it puts it back.
    const now = await storeIo('inspect', path, () => unlessErrno(['ENOENT'], () => context.fs.lstat(path)));
    return now?.ino === opened.stat.ino;
  } finally {
    await closeQuietly(opened.file);
  }
}

async function openBlob(context: FsStoreContext, ref: Ref): Promise<BlobReader> {
  const path = blobPath(context.layout, ref.digest);
  const opened = await openRegular(context.fs, path);
  if (opened === 'absent') {
    throw new RootstockError(
      'ARTIFACT_NOT_FOUND',
      `Artifact ${ref.digest} (${ref.byteLength} bytes) is not in the store "${context.layout.root}".`,
      {
        digest: ref.digest,
      },
    );
  }
  if (opened === 'foreign') throw await corrupt(context, path, { ref, seen: undefined, what: 'is not a regular file' });
  const { file, stat } = opened;
  try {
    if (stat.size !== ref.byteLength) {
      throw await corrupt(context, path, { ref, seen: stat, what: `has ${stat.size} bytes instead of ${ref.byteLength}` });
    }
    if (!(await isIntact(context, ref, { file, stat, path }))) {
      throw await corrupt(context, path, { ref, seen: stat, what: 'does not have the digest it is named by' });
    }
  } catch (error) {
    await closeQuietly(file);
    throw error;
  }
  return createReader(ref, path, file);
}

/** Whether a file holds the blob's bytes: hashed once per process, and again whenever the file has changed. */
async function isIntact(
  context: FsStoreContext,
  ref: Ref,
  opened: { readonly file: FsFile; readonly stat: FsStat; readonly path: string },
): Promise<boolean> {
  if (opened.stat.size !== ref.byteLength) return false;
  const identity = fileIdentity(opened.stat);
  if (context.verified.get(ref.digest) === identity) return true;
  if ((await hashFile(opened.file, opened.path, ref.byteLength)) !== ref.digest) return false;
  context.verified.set(ref.digest, identity);
  return true;
}

async function corrupt(
  context: FsStoreContext,
  path: string,
  found: { readonly ref: Ref; readonly seen: FsStat | undefined; readonly what: string },
): Promise<RootstockError> {
  context.verified.delete(found.ref.digest);
  const quarantined = await quarantineFile(context.fs, path, { quarantine: context.layout.quarantine, seen: found.seen });
  return new RootstockError('ARTIFACT_CORRUPT', `Artifact "${path}" ${found.what}; it was moved to the store's quarantine.`, {
    digest: found.ref.digest,
    quarantined: quarantined ?? null,
  });
}

/** Marks a blob as used now. Only its owner may: in a store shared by several users the others' blobs keep their age. */
async function touch(context: FsStoreContext, digest: string, file: FsFile): Promise<void> {
  const identify = async () => fileIdentity(await storeIo('inspect', digest, () => file.stat()));
  const before = await identify();
  await unlessErrno(['EPERM', 'EACCES', 'EROFS'], () => storeIo('touch', digest, () => file.touch()));
  if (context.verified.get(digest) === before) context.verified.set(digest, await identify());
}

function createReader(ref: Ref, path: string, file: FsFile): BlobReader {
  return {
    byteLength: ref.byteLength,
    read: async (offset, into) => {
      const inside = Number.isSafeInteger(offset) && offset >= 0 && offset + into.byteLength <= ref.byteLength;
      if (inside && (await readFully(file, path, { into, position: offset }))) return;
      throw new RootstockError(
        'ARTIFACT_CORRUPT',
        `Artifact "${path}" has no bytes ${offset} to ${offset + into.byteLength}: it has ${ref.byteLength}.`,
        { digest: ref.digest },
      );
    },
    close: () => closeQuietly(file),
  };
}
