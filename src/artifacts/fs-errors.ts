import { RootstockError } from '../errors.ts';

const HELP: Readonly<Record<string, string>> = {
  ENOSPC: 'free some disk space; the work goes on by itself at the next attempt',
  EDQUOT: 'free some of your disk quota; the work goes on by itself at the next attempt',
  EIO: 'the disk reported an error; check it (dmesg, smartctl) before trusting more data to it',
  EACCES: 'give this user read and write permission',
  EPERM: 'find out what forbids it (an immutable flag, a special file system)',
  ENOTDIR: 'move away the file that stands where a directory has to be',
  ENAMETOOLONG: 'use a shorter path',
  ELOOP: 'mend the symbolic links, which lead in a circle',
  ENOTSUP: 'use another file system',
  EROFS: 'the file system is mounted read-only; check why',
  EMFILE: 'raise the limit of open files (ulimit -n)',
  ENFILE: 'the machine is out of file handles; end some processes',
};

/** Failures that last until a person changes the path, its permissions or its file system. Others (a full disk) may pass by themselves. */
const LASTING: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'ENOTSUP']);

/** Whether another attempt fails the same way until a person has changed something. */
export function isLasting(errno: string): boolean {
  return LASTING.has(errno);
}

/** Runs one file-system call of the store; an errno failure becomes STORE_IO that names the action, the path and what to do. */
export async function storeIo<T>(action: string, path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    throw storeIoError(`Cannot ${action} "${path}": ${code}.`, code, { path, cause: error });
  }
}

/** Builds a STORE_IO error around an errno name. */
export function storeIoError(headline: string, errno: string, where: { readonly path: string; readonly cause?: unknown }): RootstockError {
  const help = HELP[errno];
  const message = help === undefined ? headline : `${headline}\nFix: ${help}.`;
  return new RootstockError('STORE_IO', message, { errno, path: where.path }, { cause: where.cause });
}

/** The errno name of a file-system failure (also of one that `storeIo` wrapped); undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof RootstockError) return error.code === 'STORE_IO' ? stringOr(error.details.errno) : undefined;
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  const code = stringOr(error.code);
  return code !== undefined && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** The path that a STORE_IO error is about; undefined for anything else. */
export function pathOf(error: unknown): string | undefined {
  return error instanceof RootstockError && error.code === 'STORE_IO' ? stringOr(error.details.path) : undefined;
}

/** Awaits a call and gives undefined for the named errnos instead of failing. */
export async function unlessErrno<T>(errnos: readonly string[], call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    const code = errnoOf(error);
    if (code !== undefined && errnos.includes(code)) return undefined;
    throw error;
  }
}

function stringOr(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
