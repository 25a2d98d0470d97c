import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Ref } from '../contracts/refs.ts';
import { RootstockError } from '../errors.ts';
import { storeIo, storeIoError, unlessErrno } from './fs-errors.ts';
import type { FsFile, FsPort } from './fs-port.ts';
import { isProcessDead, thisProcess } from './process-identity.ts';

/** Bytes per read or write: large enough for full disk speed, far below Node's 2 GiB limits. */
export const CHUNK_BYTES = 4 * 1024 * 1024;

/** Age after which a temporary file of another host counts as abandoned: no single write takes a day. */
const FOREIGN_TEMP_MS = 24 * 3600 * 1000;

/** Bytes in a temporary file, complete and durable, but not yet reachable by any name that means something. */
export interface TempFile extends Ref {
  readonly path: string;
}

type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Writes chunks to a new file with a name of its own in `directory`. Everything else as `writeNewFile`. */
export async function writeTemp(fs: FsPort, directory: string, chunks: Chunks): Promise<TempFile> {
  const path = join(directory, await tempName());
  return { path, ...(await writeNewFile(fs, path, chunks)) };
}

/**
 * Writes chunks to a new file while hashing them, checks the size the file ended up with, and makes it durable (its name is not).
 * Every failure removes the file and throws: after a failed fsync the kernel may call lost pages clean, so a retry has to
 * write everything again under a new name (STORE_IO tells the caller to do just that).
 */
export async function writeNewFile(fs: FsPort, path: string, chunks: Chunks): Promise<Ref> {
  const file = await storeIo('create', path, () => fs.open(path, 'create'));
  try {
    const written = await writeDurably(file, path, chunks);
    await storeIo('close', path, () => file.close());
    return written;
  } catch (error) {
    await abandon(fs, path, file);
    throw error;
  }
}

/** Removes a temporary file whose bytes have another name by now. One that stays behind is swept later, so failing is no failure. */
export async function dropTemp(fs: FsPort, path: string): Promise<void> {
  await fs.unlink(path).catch(ignore);
}

/** Makes a file name that says which process writes it: `<host>~<pid>~<start time>~<random>`. */
export async function tempName(): Promise<string> {
  const { host, pid, processStartTime } = await thisProcess();
  return [hostPart(host), pid, processStartTime, randomUUID()].join('~');
}

/**
 * Whether nobody can be writing under a name of `tempName` any more. On this host the process decides, whatever the clock says; a file of
 * another host (or of unknown origin) is given up after a day.
 */
export async function isAbandoned(name: string, ageMs: number): Promise<boolean> {
  const [host, pid, processStartTime, random] = name.split('~');
  const own = await thisProcess();
  if (random === undefined || processStartTime === undefined || host !== hostPart(own.host)) return ageMs > FOREIGN_TEMP_MS;
  return isProcessDead({ host: own.host, pid: Number(pid), processStartTime });
}

/**
 * Removes temporary files that no living process can be writing: those of dead processes of this host at once, those of other hosts
 * after a day. Returns how many bytes and files that freed. `dryRun` only counts.
 */
export async function sweepTemp(
  fs: FsPort,
  directory: string,
  options: { readonly dryRun?: boolean; readonly now?: number } = {},
): Promise<{ readonly files: number; readonly bytes: number }> {
  const freed = { files: 0, bytes: 0 };
  for (const name of await storeIo('list', directory, () => fs.readdir(directory))) {
    const path = join(directory, name);
    const stat = await storeIo('inspect', path, () => unlessErrno(['ENOENT'], () => fs.lstat(path)));
    if (stat === undefined || stat.kind === 'directory') continue;
    if (!(await isAbandoned(name, (options.now ?? Date.now()) - stat.mtimeMs))) continue;
    if (options.dryRun !== true) await storeIo('remove', path, () => unlessErrno(['ENOENT'], () => fs.unlink(path)));
    freed.files += 1;
    freed.bytes += stat.size;
  }
  return freed;
}

async function writeDurably(file: FsFile, path: string, chunks: Chunks): Promise<Ref> {
  const hash = createHash('sha256');
  let byteLength = 0;
  for await (const chunk of rechunk(chunks)) {
    hash.update(chunk);
    await writeFully(file, path, { chunk, position: byteLength });
    byteLength += chunk.byteLength;
  }
  const { size } = await storeIo('inspect', path, () => file.stat());
  if (size !== byteLength) {
    throw storeIoError(`Wrote ${byteLength} bytes to "${path}", but the file has ${size}: the disk loses writes.`, 'EIO', { path });
  }
  await storeIo('make durable', path, () => file.sync());
  return { digest: hash.digest('hex'), byteLength };
}

async function writeFully(file: FsFile, path: string, part: { readonly chunk: Uint8Array; readonly position: number }): Promise<void> {
  let done = 0;
  while (done < part.chunk.byteLength) {
    const rest = part.chunk.subarray(done);
    const written = await storeIo('write', path, () => file.write(rest, part.position + done));
    if (written <= 0) throw storeIoError(`Cannot write "${path}": the file system accepts no more bytes.`, 'ENOSPC', { path });
    done += written;
  }
}

/** Cuts and joins chunks so that all but the last have CHUNK_BYTES: many small tensors must not become many small writes. */
async function* rechunk(chunks: Chunks): AsyncGenerator<Uint8Array> {
  let buffer: Uint8Array | undefined;
  let filled = 0;
  for await (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array)) throw new RootstockError('INTERNAL', 'A store is given something that is not bytes.');
    let done = 0;
    while (done < chunk.byteLength) {
      if (filled === 0 && chunk.byteLength - done >= CHUNK_BYTES) {
        yield chunk.subarray(done, done + CHUNK_BYTES);
        done += CHUNK_BYTES;
        continue;
      }
      const part = chunk.subarray(done, done + CHUNK_BYTES - filled);
      buffer ??= Buffer.allocUnsafe(CHUNK_BYTES);
      buffer.set(part, filled);
      filled += part.byteLength;
      done += part.byteLength;
      if (filled === CHUNK_BYTES) {
        yield buffer;
        filled = 0;
      }
    }
  }
  if (buffer !== undefined && filled > 0) yield buffer.subarray(0, filled);
}

async function abandon(fs: FsPort, path: string, file: FsFile): Promise<void> {
  // The failure that led here is the one to report; these two can only repeat it.
  await file.close().catch(ignore);
  await dropTemp(fs, path);
}

function hostPart(host: string): string {
  return host.replaceAll(/[^A-Za-z0-9.-]/g, '-');
}

function ignore(): void {}
