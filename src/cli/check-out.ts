import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { cannotWrite } from '../contracts/cannot-write.ts';
import { RootstockError } from '../errors.ts';

/** A file to be written with --out, and what is read for it. All paths are absolute. */
export interface OutInput {
  readonly out: string;
  /** The saved model: its directory and everything in it stay as they are. */
  readonly model: string;
  /** Path or glob of the data. */
  readonly data: string;
  /** Whether another file that is there is written over. */
  readonly force: boolean;
}

/**
 * Checks a file to be written before any work is done for it. What is read for it is never written over, whatever link names it; any other
 * file only with --force.
 *
 * Errors: OUTPUT_EXISTS; those of `cannotWrite` when it is a directory or its directory is not there.
 */
export async function checkOut({ out, model, data, force }: OutInput): Promise<void> {
  const folder = await stat(dirname(out)).catch((cause: unknown) => {
    throw cannotWrite(out, cause);
  });
  if (!folder.isDirectory()) throw cannotWrite(out, { code: 'ENOTDIR' });
  const found = await lstat(out).catch(() => undefined);
  if (found?.isDirectory() === true) throw cannotWrite(out, { code: 'EISDIR' });
  await requireOutside(out, model);
  if (found === undefined) return;
  for (const path of await dataFiles(data)) {
    if (await isSameFile(out, path)) throw refused(out, `is the data itself ("${path}")`, 'choose another path.');
  }
  if (!force) throw refused(out, 'is there already', 'choose another path, or write over it with --force.');
}

/** Refuses to write into the saved model that is read: OUTPUT_EXISTS. Both paths are absolute. */
export async function requireOutside(out: string, model: string): Promise<void> {
  if (!(await isWithin(out, model))) return;
  throw refused(out, `is in the saved model "${model}", which is never changed`, 'choose a path outside the model.');
}

/** Whether a file, or what a link of its name leads to, is in a directory or is it. */
async function isWithin(path: string, directory: string): Promise<boolean> {
  const top = await realpath(directory).catch(() => directory);
  const named = join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path));
  const real = await realpath(path).catch(() => named);
  return [named, real].some((inner) => {
    const way = relative(top, inner);
    return !isAbsolute(way) && way.split(/[\\/]/u)[0] !== '..';
  });
}

/** The files of the data. What is wrong with them is for reading to say. */
async function dataFiles(data: string): Promise<readonly string[]> {
  if ((await stat(data).catch(() => undefined)) !== undefined) return [data];
  const { findFiles } = await import('../data/source-files.ts');
  const found = await findFiles(data, 'data');
  return 'paths' in found ? found.paths : [];
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((path) => stat(path, { bigint: true }).catch(() => undefined)));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

function refused(out: string, why: string, fix: string): RootstockError {
  return new RootstockError('OUTPUT_EXISTS', `--out "${out}" ${why}, and is not written over.\nFix: ${fix}`, { output: out });
}
