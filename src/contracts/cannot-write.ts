import { RootstockError } from '../errors.ts';

/** What helps, by the system's code. */
const FIXES: Readonly<Record<string, string>> = {
  ENOENT: 'its directory is not there: make it first, or give another path.',
  ENOTDIR: 'a part of the path is a file: give another path.',
  EISDIR: 'it is a directory: give the path of a file.',
  EACCES: 'give a path that you may write to.',
  EPERM: 'give a path that you may write to.',
  EROFS: 'give a path that you may write to.',
  ENOSPC: 'the disk is full: free some space, or give another path.',
};

/** The error of a file that could not be written: OUTPUT_UNWRITABLE with the path as the person gave it, never that of a temporary file. */
export function cannotWrite(path: string, cause: unknown): RootstockError {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : String(cause);
  const fix = FIXES[code] ?? 'give another path.';
  return new RootstockError('OUTPUT_UNWRITABLE', `"${path}" cannot be written (${code}).\nFix: ${fix}`, { path }, { cause });
}
