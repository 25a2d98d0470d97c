import { randomUUID } from 'node:crypto';
import { basename, join } from 'node:path';
import { storeIo, unlessErrno } from './fs-errors.ts';
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
