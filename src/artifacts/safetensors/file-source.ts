import { stat } from 'node:fs/promises';
import { RootstockError } from '../../errors.ts';
import { errnoOf } from '../fs-errors.ts';
import { nodeFs } from '../fs-port.ts';
import { CHUNK_BYTES } from '../fs-temp.ts';
import type { BlobReader } from '../store.ts';
import { invalid, MAX_HEADER_BYTES, parseHeader, type SafetensorsHeader } from './header.ts';

/**
 * Opens a user's weights file for ranged reads; close it. Symbolic links are followed. The file is opened once, so nothing that is
 * swapped in under its name between the check and the use is read.
 *
 * Errors: FILE_NOT_FOUND; FILE_UNREADABLE for no permission, a directory, a FIFO or a device.
 */
export async function openSafetensorsFile(path: string): Promise<BlobReader> {
  // Looked at before it is opened: opening alone can do something when it is a device.
  const before = await explain(path, () => stat(path));
  if (!before.isFile()) throw notAFile(path, before.isDirectory() ? 'a directory' : before.isFIFO() ? 'a FIFO' : 'a device or socket');
  const file = await explain(path, () => nodeFs.open(path, 'follow'));
  const opened = await file.stat();
  if (opened.kind !== 'file') {
    await file.close();
    throw notAFile(path, `a ${opened.kind}`);
  }
  return {
    byteLength: opened.size,
    read: async (offset, into) => {
      for (let done = 0; done < into.byteLength; ) {
        const piece = into.subarray(done, done + CHUNK_BYTES);
        const count = await explain(path, () => file.read(piece, offset + done));
        if (count === 0) throw invalid(path, [{ where: '', text: `the file ended at byte ${offset + done} while it was read` }]);
        done += count;
      }
    },
    close: () => file.close(),
  };
}

/** Reads and checks the header of a safetensors file; `where` names it in messages. CHECKPOINT_INVALID lists every problem. */
export async function readHeader(source: BlobReader, where: string): Promise<SafetensorsHeader> {
  if (source.byteLength < 8) {
    throw invalid(where, [{ where: '', text: `the file is truncated: it has ${source.byteLength} bytes, its first field alone takes 8` }]);
  }
  const lengthField = Buffer.alloc(8);
  await source.read(0, lengthField);
  const length = lengthField.readBigUInt64LE(0);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw invalid(where, [{ where: '', text: `the header is oversized: ${length} bytes, at most ${MAX_HEADER_BYTES} are read` }]);
  }
  if (length > BigInt(source.byteLength - 8)) {
    throw invalid(where, [
      { where: '', text: `the file is truncated: its header needs ${length + 8n} bytes, it has ${source.byteLength}` },
    ]);
  }
  const bytes = new Uint8Array(Number(length));
  await source.read(8, bytes);
  return parseHeader(bytes, source.byteLength, where);
}

/** Runs `use` with an open file or the reader it is given; only a file it opened itself is closed. */
export async function withSource<T>(source: BlobReader | string, use: (reader: BlobReader) => Promise<T>): Promise<T> {
  if (typeof source !== 'string') return use(source);
  const reader = await openSafetensorsFile(source);
  try {
    return await use(reader);
  } finally {
    await reader.close();
  }
}

async function explain<T>(path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const code = errnoOf(error);
    if (code === undefined) throw error;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new RootstockError('FILE_NOT_FOUND', `There is no file "${path}".`, { file: path }, { cause: error });
    }
    throw new RootstockError('FILE_UNREADABLE', `Cannot read "${path}": ${code}.`, { file: path, errno: code }, { cause: error });
  }
}

function notAFile(path: string, what: string): RootstockError {
  return new RootstockError('FILE_UNREADABLE', `"${path}" is ${what}, expected a safetensors file.`, { file: path });
}
