import { randomUUID } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { DurableDirectories } from './fs-directory.ts';
import { storeIo, unlessErrno } from './fs-errors.ts';
import { blobPath, type StoreLayout } from './fs-layout.ts';
import type { FsPort, FsStat } from './fs-port.ts';

/**
 * Moves a file out of the way into the quarantine. `seen` is what was examined: when somebody has replaced the file meanwhile, the new
 * one is put back under its name. Returns where the file is now; undefined when it was gone already.
 */
export async function quarantineFile(
  fs: FsPort,
  path: string,
  input: { readonly quarantine: string; readonly seen: FsStat | undefined },
): Promise<string | undefined> {
  const target = join(input.quarantine, `${basename(path)}.${randomUUID()}`);
  const moved = await storeIo('quarantine', path, () =>
    unlessErrno(['ENOENT'], async () => {
      await fs.rename(path, target);
      return true;
    }),
  );
  if (moved !== true) return undefined;
  if (input.seen === undefined) return target;
  const now = await storeIo('inspect', target, () => fs.lstat(target));
  if (now.ino === input.seen.ino && now.dev === input.seen.dev) return target;
  await storeIo('restore', path, () => unlessErrno(['EEXIST'], () => fs.link(target, path)));
  await storeIo('restore', path, () => unlessErrno(['ENOENT'], () => fs.unlink(target)));
  return undefined;
}

/** Name in the quarantine of a blob that garbage collection is about to delete. */
export function collectedName(digest: string): string {
  return `collected.${digest}.${randomUUID()}`;
}

/**
 * Puts back the blobs that a garbage collection had moved away when it died: one of them may have been used again meanwhile. What nobody
 * uses goes with the next collection.
 */
export async function restoreCollected(fs: FsPort, layout: StoreLayout, directories: DurableDirectories): Promise<void> {
  for (const name of await storeIo('list', layout.quarantine, () => fs.readdir(layout.quarantine))) {
    const digest = /^collected\.([0-9a-f]{64})\./.exec(name)?.[1];
    if (digest === undefined) continue;
    const [away, path] = [join(layout.quarantine, name), blobPath(layout, digest)];
    await directories.ensure(dirname(path));
    await storeIo('restore', path, () => unlessErrno(['EEXIST', 'ENOENT'], () => fs.link(away, path)));
    await directories.sync(dirname(path));
    await storeIo('restore', path, () => unlessErrno(['ENOENT'], () => fs.unlink(away)));
  }
}
