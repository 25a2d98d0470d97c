import { createHash } from 'node:crypto';
import { errnoOf, storeIo } from './fs-errors.ts';
import type { FsFile, FsPort, FsStat } from './fs-port.ts';
import { CHUNK_BYTES } from './fs-temp.ts';

/** A regular file of the store, opened without following links. */
export interface OpenedFile {
  readonly file: FsFile;
  readonly stat: FsStat;
}

/** Opens a regular file of the store: 'absent' when the name is free, 'foreign' when it is a link, device or directory. */
export async function openRegular(fs: FsPort, path: string): Promise<OpenedFile | 'absent' | 'foreign'> {
  let file: FsFile;
  try {
    file = await storeIo('open', path, () => fs.open(path, 'read'));
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'absent';
    // ELOOP: a symbolic link; ENXIO: a socket.
    if (code === 'ELOOP' || code === 'ENXIO') return 'foreign';
    throw error;
  }
  try {
    const stat = await storeIo('inspect', path, () => file.stat());
    if (stat.kind === 'file') return { file, stat };
  } catch (error) {
    await closeQuietly(file);
    throw error;
  }
  await closeQuietly(file);
  return 'foreign';
}

/** Fills `into` from `position`; gives false when the file ends before. Reads go in chunks: one call of Node reads 2 GiB at most. */
export async function readFully(
  file: FsFile,
  path: string,
  part: { readonly into: Uint8Array; readonly position: number },
): Promise<boolean> {
  let done = 0;
  while (done < part.into.byteLength) {
    const piece = part.into.subarray(done, done + CHUNK_BYTES);
    const count = await storeIo('read', path, () => file.read(piece, part.position + done));
    if (count === 0) return false;
    done += count;
  }
  return true;
}

/** Computes the SHA-256 of a file's first `byteLength` bytes; undefined when it ends before. The next chunk is read while one is hashed. */
export async function hashFile(file: FsFile, path: string, byteLength: number): Promise<string | undefined> {
  const hash = createHash('sha256');
  const spare = [Buffer.allocUnsafe(Math.min(CHUNK_BYTES, byteLength)), Buffer.allocUnsafe(Math.min(CHUNK_BYTES, byteLength))] as const;
  const start = async (position: number, index: number) => {
    const into = spare[index % 2 === 0 ? 0 : 1].subarray(0, Math.min(CHUNK_BYTES, byteLength - position));
    return (await readFully(file, path, { into, position })) ? into : undefined;
  };
  let next = start(0, 0);
  for (let position = 0, index = 0; position < byteLength; position += CHUNK_BYTES, index += 1) {
    const chunk = await next;
    if (chunk === undefined) return undefined;
    if (position + CHUNK_BYTES < byteLength) next = start(position + CHUNK_BYTES, index + 1);
    hash.update(chunk);
  }
  return hash.digest('hex');
}

/** Tells one state of a file from another: replaced or rewritten files differ. */
export function fileIdentity(stat: FsStat): string {
  return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeMs}`;
}

/** Closes a file that was only read: a failure has nothing to lose. */
export async function closeQuietly(file: FsFile): Promise<void> {
  await file.close().catch(() => undefined);
}
