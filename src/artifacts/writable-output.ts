import { basename, dirname, join } from 'node:path';
import { composeMessage, RootstockError } from '../errors.ts';
import { makeBelow } from './fs-directory.ts';
import { errnoOf, isLasting, pathOf, storeIo, storeIoError, unlessErrno } from './fs-errors.ts';
import { type FsPort, nodeFs } from './fs-port.ts';
import { stagedName, sweepProbes } from './publish-staging.ts';

/** When it turned out that an output cannot be written: it decides what helps. */
export type UnwritableWhen = 'plan' | 'publish';

/** What a lasting failure means for an output, and what cures it other than another path. */
const CAUSES: Readonly<Record<string, { readonly text: string; readonly cure?: string }>> = {
  EACCES: { text: 'this user may not write here', cure: 'give this user permission to write there' },
  EPERM: { text: 'the system permits no writing here', cure: 'find out what forbids it (an immutable flag, a special file system)' },
  EROFS: { text: 'the file system is mounted read-only', cure: 'mount it writable' },
  ENOTDIR: { text: 'this is no directory, or lies below something that is none', cure: 'move away what is there' },
  ENAMETOOLONG: { text: 'a name is too long (it is written under a longer name first)' },
  ELOOP: { text: 'its symbolic links lead in a circle', cure: 'mend the links' },
  ENOTSUP: { text: 'the file system makes no directories here' },
};

/**
 * Makes sure that an output can be written, by making a directory where its first one will be and removing it: what permissions say is not
 * the whole truth for root or on special file systems. Touches nothing else but what a death left of such a directory; `output` itself is for `checkOutput`.
 *
 * Errors: OUTPUT_UNWRITABLE when only a person can help; STORE_IO for a disk that is full or broken.
 */
export async function requireWritable(output: string, fs: FsPort = nodeFs): Promise<void> {
  try {
    const { directory, missing } = await nearestDirectory(fs, dirname(output));
    // A name that is too long is found before anything is made.
    for (const name of missing) {
      const path = join(directory, name);
      await storeIo('inspect', path, () => unlessErrno(['ENOENT'], () => fs.lstat(path)));
    }
    // The very name under which publishing begins, beside the output or, where directories are missing, above them. What a death leaves of it is swept
    // by the next attempt from there: this one until the directories are made, publishing where none was missing.
    const first = join(directory, basename(output));
    await sweepProbes(fs, first);
    const probe = await stagedName(first);
    await makeBelow(fs, probe);
    await storeIo('remove', probe, () => fs.rmdir(probe));
  } catch (error) {
    throw toUnwritable(error, output, 'plan');
  }
}

/** OUTPUT_UNWRITABLE for a failure that only a person can end; any other error as it is. */
export function toUnwritable(error: unknown, output: string, when: UnwritableWhen): unknown {
  const errno = errnoOf(error);
  const failed = pathOf(error);
  if (errno === undefined || failed === undefined || !isLasting(errno)) return error;
  const { text, cure } = CAUSES[errno] ?? { text: 'it cannot be written' };
  const path = withoutStaging(failed);
  return new RootstockError(
    'OUTPUT_UNWRITABLE',
    composeMessage(`The output "${output}" cannot be written.`, [{ where: path, text: `${text} (${errno})` }], fix(when, cure)),
    { output, path, errno },
    { cause: error },
  );
}

/** What is written goes into a directory with a long name first, which tells a person nothing: the one above says where. */
function withoutStaging(path: string): string {
  return path.replace(/\/[^/]*\.staged-.*$/su, '') || '/';
}

function fix(when: UnwritableWhen, cure: string | undefined): string {
  if (when === 'plan') return `set output.path to another directory${cure === undefined ? '' : `, or ${cure}`}.`;
  const elsewhere = 'set output.path to another directory and use `rootstock run --replace`; finished stages are reused.';
  return cure === undefined ? elsewhere : `${cure}; then \`rootstock retry\` publishes what is trained. Or ${elsewhere}`;
}

interface Nearest {
  /** Without symbolic links. */
  readonly directory: string;
  /** Names that are missing between it and the path. */
  readonly missing: readonly string[];
}

async function nearestDirectory(fs: FsPort, path: string): Promise<Nearest> {
  const missing: string[] = [];
  for (let place = path; ; place = dirname(place)) {
    const found = await storeIo('inspect', place, () => unlessErrno(['ENOENT', 'ENOTDIR'], () => fs.lstat(place)));
    if (found === undefined) {
      missing.push(basename(place));
      continue;
    }
    // Undefined: a symbolic link that leads nowhere.
    const directory = await storeIo('resolve', place, () => unlessErrno(['ENOENT'], () => fs.realpath(place)));
    const kind = directory === undefined ? 'other' : (await storeIo('inspect', directory, () => fs.lstat(directory))).kind;
    if (directory === undefined || kind !== 'directory') throw storeIoError(`"${place}" is no directory.`, 'ENOTDIR', { path: place });
    return { directory, missing };
  }
}
