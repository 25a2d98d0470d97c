import { basename, dirname, join } from 'node:path';
import type { JsonObject } from '../contracts/json.ts';
import type { Ref } from '../contracts/refs.ts';
import { RootstockError } from '../errors.ts';
import { OUTPUT_MARKER } from './check-output.ts';
import { syncDirectory } from './fs-directory.ts';
import { storeIo, unlessErrno } from './fs-errors.ts';
import type { FsPort } from './fs-port.ts';
import { CHUNK_BYTES, isAbandoned, tempName, writeNewFile } from './fs-temp.ts';
import { closeQuietly, hashFile, openRegular } from './fs-verify.ts';
import { checkFileName, type PublishDirectoryInput, type PublishedFile } from './published-file.ts';
import type { ArtifactStore } from './store.ts';

/** Stands between the name of an output and that of the attempt that writes it. */
const STAGED = '.staged-';

/** Writes all files and the manifest into a new directory and makes them durable. Returns what each holds, the manifest included. */
export async function stageFiles(fs: FsPort, staged: string, input: PublishDirectoryInput): Promise<ReadonlyMap<string, Ref>> {
  for (const { name } of input.files) checkFileName(name);
  await storeIo('create directory', staged, () => fs.mkdir(staged));
  const digests = new Map<string, Ref>();
  for (const file of input.files) digests.set(file.name, await stageFile(fs, join(staged, file.name), { file, store: input.store }));
  const listed = [...digests].sort(([left], [right]) => (left < right ? -1 : 1));
  const files = Object.fromEntries(listed.map(([name, { digest, byteLength }]) => [name, { sha256: digest, byteLength }]));
  const marker: JsonObject = { ...input.marker, files };
  const text = `${JSON.stringify(marker, null, 2)}\n`;
  digests.set(OUTPUT_MARKER, await writeNewFile(fs, join(staged, OUTPUT_MARKER), [Buffer.from(text, 'utf8')]));
  await syncDirectory(fs, staged);
  return digests;
}

/** Names the directory that an output is first written to, or whose making shows that it could be. `sweepStaged` and `sweepProbes` know it by that. */
export async function stagedName(output: string): Promise<string> {
  return `${output}${STAGED}${await tempName()}`;
}

/** Removes what dead attempts left beside an output: their staging directories. */
export async function sweepStaged(fs: FsPort, output: string): Promise<void> {
  for (const path of await abandonedStaging(fs, output)) await removeFlatDirectory(fs, path);
}

/**
 * Removes those of them that are empty, as a death leaves the ones that were made to see whether that can be done. One that may not be looked for or
 * removed (of another user, in a directory of all) stays: what can be written is not for this to say.
 */
export async function sweepProbes(fs: FsPort, output: string): Promise<void> {
  const foreign = ['EACCES', 'EPERM', 'EROFS'];
  for (const path of (await unlessErrno(foreign, () => abandonedStaging(fs, output))) ?? []) {
    const stays = ['ENOENT', 'ENOTEMPTY', 'EEXIST', ...foreign];
    await storeIo('remove', path, () => unlessErrno(stays, () => fs.rmdir(path)));
  }
}

async function abandonedStaging(fs: FsPort, output: string): Promise<readonly string[]> {
  const parent = dirname(output);
  const prefix = `${basename(output)}${STAGED}`;
  const abandoned: string[] = [];
  for (const name of await storeIo('list', parent, () => fs.readdir(parent))) {
    if (!name.startsWith(prefix)) continue;
    const path = join(parent, name);
    const stat = await storeIo('inspect', path, () => unlessErrno(['ENOENT'], () => fs.lstat(path)));
    if (stat?.kind !== 'directory') continue;
    if (await isAbandoned(name.slice(prefix.length), Date.now() - stat.mtimeMs)) abandoned.push(path);
  }
  return abandoned;
}

/**
 * Removes a directory of files, its manifest last and only when the others are durably gone: as long as any file is there it can be told
 * whose it is, also after a power cut.
 */
export async function removeFlatDirectory(fs: FsPort, directory: string): Promise<void> {
  const names = await storeIo('list', directory, () => unlessErrno(['ENOENT'], () => fs.readdir(directory)));
  if (names === undefined) return;
  const remove = async (name: string) => {
    const path = join(directory, name);
    await storeIo('remove', path, () => unlessErrno(['ENOENT'], () => fs.unlink(path)));
  };
  for (const name of names) if (name !== OUTPUT_MARKER) await remove(name);
  if (names.includes(OUTPUT_MARKER)) {
    await syncDirectory(fs, directory);
    await remove(OUTPUT_MARKER);
  }
  await storeIo('remove', directory, () => unlessErrno(['ENOENT'], () => fs.rmdir(directory)));
}

async function stageFile(fs: FsPort, path: string, source: { readonly file: PublishedFile; readonly store: ArtifactStore }): Promise<Ref> {
  const { file, store } = source;
  if ('body' in file) return writeNewFile(fs, path, [file.body]);
  if ('ref' in file) return copyBlob(fs, path, { ref: file.ref, store });
  await file.write(path);
  return adoptWritten(fs, path);
}

/** A copy, not a link: what a user does to an output must never reach the store. */
async function copyBlob(fs: FsPort, path: string, source: { readonly ref: Ref; readonly store: ArtifactStore }): Promise<Ref> {
  const reader = await source.store.open(source.ref);
  try {
    const chunks = async function* (): AsyncGenerator<Uint8Array> {
      const buffer = new Uint8Array(Math.min(CHUNK_BYTES, reader.byteLength));
      for (let at = 0; at < reader.byteLength; at += buffer.byteLength) {
        const piece = buffer.subarray(0, Math.min(buffer.byteLength, reader.byteLength - at));
        await reader.read(at, piece);
        yield piece;
      }
    };
    const written = await writeNewFile(fs, path, chunks());
    if (written.digest === source.ref.digest) return written;
    throw new RootstockError('ARTIFACT_CORRUPT', `Artifact ${source.ref.digest} changed while it was copied to "${path}".`);
  } finally {
    await reader.close();
  }
}

async function adoptWritten(fs: FsPort, path: string): Promise<Ref> {
  const opened = await openRegular(fs, path);
  if (typeof opened === 'string') throw new RootstockError('INTERNAL', `"${path}" was to be written, but is ${opened}.`);
  try {
    await storeIo('make durable', path, () => opened.file.sync());
    const byteLength = opened.stat.size;
    const digest = await hashFile(opened.file, path, byteLength);
    if (digest === undefined) throw new RootstockError('INTERNAL', `"${path}" shrank while it was published.`);
    return { digest, byteLength };
  } finally {
    await closeQuietly(opened.file);
  }
}
