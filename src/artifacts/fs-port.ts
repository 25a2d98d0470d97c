import { constants, promises as fs, type Stats } from 'node:fs';

/**
 * How a file is opened:
 * - `read`: an existing file of the store, never through a symbolic link;
 * - `follow`: an existing file of the user, symbolic links allowed;
 * - `create`: a new file, never over or through anything that exists;
 * - `directory`: a directory, only to make its entries durable.
 */
export type OpenMode = 'read' | 'follow' | 'create' | 'directory';

/** What `stat` says about a file. Times are milliseconds since 1970. */
export interface FsStat {
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
  readonly size: number;
  readonly dev: number;
  readonly ino: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

/** An open file. `read` and `write` may do less than asked and say how much; both take absolute positions. */
export interface FsFile {
  read(into: Uint8Array, position: number): Promise<number>;
  write(from: Uint8Array, position: number): Promise<number>;
  stat(): Promise<FsStat>;
  /** Sets the modification time to now. */
  touch(): Promise<void>;
  /** Makes the content (of a directory: its entries) durable. After a failure the file must be abandoned, never synced again. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The file-system primitives that the store is built from; failures carry the errno name in `code`. Tests decorate it. */
export interface FsPort {
  open(path: string, mode: OpenMode): Promise<FsFile>;
  /** Makes a second name for a file; EEXIST when the name is taken. The only create-if-absent that the store relies on. */
  link(existing: string, path: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Moves a name, replacing what has the new one. Never used as a fence. */
  rename(from: string, to: string): Promise<void>;
  mkdir(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
  /** Names in a directory, without "." and "..". */
  readdir(path: string): Promise<readonly string[]>;
  /** Facts about a name itself: a symbolic link is reported, not followed. */
  lstat(path: string): Promise<FsStat>;
  /** The absolute path of an existing file with all symbolic links resolved. */
  realpath(path: string): Promise<string>;
}

/** O_NONBLOCK keeps the open of a planted FIFO from waiting for ever; it has no effect on regular files. */
const FLAGS: Readonly<Record<OpenMode, number>> = {
  read: constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  follow: constants.O_RDONLY | constants.O_NONBLOCK,
  create: constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
  directory: constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
};

/** The real file system. On macOS Node's fsync is F_FULLFSYNC, which also empties the drive's cache. */
export const nodeFs: FsPort = {
  open: async (path, mode) => wrap(await fs.open(path, FLAGS[mode], 0o644)),
  link: (existing, path) => fs.link(existing, path),
  unlink: (path) => fs.unlink(path),
  rename: (from, to) => fs.rename(from, to),
  mkdir: (path) => fs.mkdir(path),
  rmdir: (path) => fs.rmdir(path),
  readdir: (path) => fs.readdir(path),
  lstat: async (path) => toStat(await fs.lstat(path)),
  realpath: (path) => fs.realpath(path),
};

type Handle = Awaited<ReturnType<typeof fs.open>>;

function wrap(handle: Handle): FsFile {
  return {
    read: async (into, position) => (await handle.read(into, 0, into.byteLength, position)).bytesRead,
    write: async (from, position) => (await handle.write(from, 0, from.byteLength, position)).bytesWritten,
    stat: async () => toStat(await handle.stat()),
    touch: async () => {
      const now = new Date();
      await handle.utimes(now, now);
    },
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}

function toStat(stats: Stats): FsStat {
  const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'symlink' : 'other';
  return { kind, size: stats.size, dev: stats.dev, ino: stats.ino, mtimeMs: stats.mtimeMs, ctimeMs: stats.ctimeMs };
}
