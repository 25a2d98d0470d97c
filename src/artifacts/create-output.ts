import { basename, dirname, join } from 'node:path';
import type { Ref } from '../contracts/refs.ts';
import { RootstockError } from '../errors.ts';
import { linkIfAbsent, makeDurablePath, syncDirectory } from './fs-directory.ts';
import { errnoOf, storeIo, unlessErrno } from './fs-errors.ts';
import { type FsPort, nodeFs } from './fs-port.ts';
import { dropTemp, tempName, writeNewFile, writeTemp } from './fs-temp.ts';

/** A file to be written; `name` may have folders in it (`model_artefacts/x`). */
export interface NewFile {
  readonly name: string;
  readonly chunks: Iterable<Uint8Array>;
}

/** A file that was written. */
export interface WrittenFile extends Ref {
  readonly name: string;
}

/** Refuses a path where something is (OUTPUT_EXISTS). */
export async function requireFree(path: string, fs: FsPort = nodeFs): Promise<void> {
  const found = await storeIo('inspect', path, () => unlessErrno(['ENOENT', 'ENOTDIR'], () => fs.lstat(path)));
  if (found !== undefined) throw occupied(path);
}

/**
 * Writes one new file: whole or not at all, durable, and never over something else. Missing parents are made. Errors: OUTPUT_EXISTS, also
 * when somebody else was faster; STORE_IO; STORE_UNSUPPORTED on file systems without hard links.
 */
export async function createFile(path: string, chunks: Iterable<Uint8Array>, fs: FsPort = nodeFs): Promise<Ref> {
  await requireFree(path, fs);
  const parent = await makeDurablePath(fs, dirname(path));
  const temp = await writeTemp(fs, parent, chunks);
  try {
    if (!(await linkIfAbsent(fs, temp.path, join(parent, basename(path))))) throw occupied(path);
  } finally {
    await dropTemp(fs, temp.path);
  }
  await syncDirectory(fs, parent);
  return { digest: temp.digest, byteLength: temp.byteLength };
}

/**
 * Writes a new directory with its files: everything into a sibling first, which then takes the name. Whole or not at all, durable, and
 * never over something else. Errors as `createFile`; only an empty directory that appears in between is replaced.
 */
export async function createDirectory(path: string, files: readonly NewFile[], fs: FsPort = nodeFs): Promise<readonly WrittenFile[]> {
  await requireFree(path, fs);
  const parent = await makeDurablePath(fs, dirname(path));
  const staged = join(parent, `${basename(path)}.staged-${await tempName()}`);
  const made = [staged];
  const written: WrittenFile[] = [];
  try {
    await storeIo('create directory', staged, () => fs.mkdir(staged));
    for (const { name, chunks } of files) {
      const folder = join(staged, dirname(name));
      if (!made.includes(folder)) {
        await storeIo('create directory', folder, () => fs.mkdir(folder));
        made.push(folder);
      }
      written.push({ name, ...(await writeNewFile(fs, join(staged, name), chunks)) });
    }
    for (const folder of [...made].reverse()) await syncDirectory(fs, folder);
    await rename(fs, staged, path);
  } catch (error) {
    // The failure is what counts; these can only fail in the same way.
    for (const { name } of files) await dropTemp(fs, join(staged, name));
    for (const folder of [...made].reverse()) await fs.rmdir(folder).catch(() => undefined);
    throw error;
  }
  await syncDirectory(fs, parent);
  return written;
}

async function rename(fs: FsPort, from: string, to: string): Promise<void> {
  try {
    await storeIo('publish', to, () => fs.rename(from, to));
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(errnoOf(error) ?? '')) throw occupied(to);
    throw error;
  }
}

function occupied(path: string): RootstockError {
  return new RootstockError(
    'OUTPUT_EXISTS',
    `There is something at "${path}" already, and nothing is written over it.\nFix: choose another path.`,
    {
      output: path,
    },
  );
}
