import { dirname } from 'node:path';
import { RootstockError } from '../errors.ts';
import { errnoOf, storeIo, storeIoError, unlessErrno } from './fs-errors.ts';
import type { FsPort } from './fs-port.ts';

/** Makes directories and keeps in mind which of them are known to survive a power cut. */
export interface DurableDirectories {
  /** Makes a directory and its missing parents up to the root; durable when it returns. Refuses symbolic links on the way. */
  ensure(path: string): Promise<void>;
  /** Makes the entries of a directory durable. */
  sync(path: string): Promise<void>;
}

/**
 * Creates the directory keeper of one root, which must exist and be durable itself. A directory that is already there is made durable
 * once per process all the same: whoever made it may have died before that.
 */
export function createDurableDirectories(fs: FsPort, root: string): DurableDirectories {
  const durable = new Set<string>([root]);
  const ensure = async (path: string): Promise<void> => {
    if (durable.has(path)) return;
    const parent = dirname(path);
    if (parent === path) throw new RootstockError('INTERNAL', `"${path}" is not below the store "${root}".`);
    await ensure(parent);
    await storeIo('create directory', path, () => unlessErrno(['EEXIST'], () => fs.mkdir(path)));
    await requireDirectory(fs, path);
    await syncDirectory(fs, parent);
    durable.add(path);
  };
  return { ensure, sync: (path) => syncDirectory(fs, path) };
}

/** Makes a directory's entries durable: without this a power cut takes back a link or rename that has returned. */
export async function syncDirectory(fs: FsPort, path: string): Promise<void> {
  const directory = await storeIo('open directory', path, () => fs.open(path, 'directory'));
  try {
    await storeIo('make durable', path, () => directory.sync());
  } catch (error) {
    if (errnoOf(error) === 'EINVAL') throw unsupported(`The file system of "${path}" cannot make directories durable (fsync: EINVAL)`);
    throw error;
  } finally {
    // Nothing was written through this handle: closing it cannot lose anything.
    await directory.close().catch(() => undefined);
  }
}

/**
 * Makes a directory with all missing parents, and makes the whole way down to it durable. Returns its path without symbolic links.
 * Parents of other users, which may not be opened, are passed over unless they were made here.
 */
export async function makeDurablePath(fs: FsPort, path: string): Promise<string> {
  let made = await makePath(fs, path);
  const real = await storeIo('resolve', path, () => fs.realpath(path));
  for (let parent = dirname(real), child = real; parent !== child; child = parent, parent = dirname(parent)) {
    if (made > 0) await syncDirectory(fs, parent);
    else await syncDirectory(fs, parent).catch(ignoreForeign);
    made -= 1;
  }
  return real;
}

/** Makes a hard link; gives false when the name is taken. STORE_UNSUPPORTED on file systems without hard links. */
export async function linkIfAbsent(fs: FsPort, existing: string, path: string): Promise<boolean> {
  try {
    await storeIo('link', path, () => fs.link(existing, path));
    return true;
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (code === 'EEXIST') return false;
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV'].includes(code)) {
      throw unsupported(`The file system of "${path}" cannot make hard links (${code})`);
    }
    throw error;
  }
}

/**
 * Makes a directory below one that is there; false when its name is taken by now. STORE_IO, with errno ENOTSUP where the system says all
 * the same that the one above is missing: special file systems such as /proc do.
 */
export async function makeBelow(fs: FsPort, path: string): Promise<boolean> {
  try {
    await storeIo('create directory', path, () => fs.mkdir(path));
    return true;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EEXIST') return false;
    if (code !== 'ENOENT') throw error;
    throw storeIoError(`Cannot create directory "${path}": its file system makes none.`, 'ENOTSUP', { path, cause: error });
  }
}

/** Returns how many directories it made: they are the last ones of the path. */
async function makePath(fs: FsPort, path: string): Promise<number> {
  try {
    await storeIo('create directory', path, () => fs.mkdir(path));
    return 1;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EEXIST') return 0;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    const above = await makePath(fs, dirname(path));
    return above + ((await makeBelow(fs, path)) ? 1 : 0);
  }
}

async function requireDirectory(fs: FsPort, path: string): Promise<void> {
  const { kind } = await storeIo('inspect', path, () => fs.lstat(path));
  if (kind === 'directory') return;
  throw unsupported(
    kind === 'symlink'
      ? `"${path}" is a symbolic link; below its own directory a store follows none`
      : `"${path}" has to be a directory, but something else has that name`,
  );
}

function ignoreForeign(error: unknown): void {
  const foreign = ['EACCES', 'EPERM', 'EROFS'].includes(errnoOf(error) ?? '');
  if (!foreign && !(error instanceof RootstockError && error.code === 'STORE_UNSUPPORTED')) throw error;
}

function unsupported(text: string): RootstockError {
  return new RootstockError(
    'STORE_UNSUPPORTED',
    `${text}.\nFix: put the state directory on a local file system (ext4, xfs, btrfs, APFS).`,
    {},
  );
}
