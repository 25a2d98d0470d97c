import { RootstockError } from '../errors.ts';
import type { BlobSection, ReadableBlob } from './blob-format.ts';

/** One read fills at most this much: a single read of 2 GiB or more fails on Linux. */
const READ_BYTES = 1 << 26;

/** Row ids of a blob. */
export interface StoredIds {
  readonly rows: number;
  readonly kind: 'int64' | 'text';
  readonly section: BlobSection;
}

/** Reads row ids; the result gives the id of a row as text. */
export async function readRowIds(blob: ReadableBlob, ids: StoredIds): Promise<(row: number) => string> {
  return ids.kind === 'int64' ? readIntegerIds(blob, ids) : readTextIds(blob, ids);
}

async function readIntegerIds(blob: ReadableBlob, { rows, section }: StoredIds): Promise<(row: number) => string> {
  expectLength('row_ids', section, rows * 8);
  const ids = new BigInt64Array(rows);
  await readInto(blob, section, ids);
  return (row) => String(ids[row]);
}

async function readTextIds(blob: ReadableBlob, { rows, section }: StoredIds): Promise<(row: number) => string> {
  const { offset, length } = section;
  if (length < rows * 4) throw corrupt('has row ids that are too short');
  const lengths = new Uint32Array(rows);
  await readInto(blob, { offset, length: rows * 4 }, lengths);
  const text = await readBytes(blob, offset + rows * 4, length - rows * 4);
  const ends = new Float64Array(rows); // byte offsets may pass 2^32
  let end = 0;
  for (let row = 0; row < rows; row++) ends[row] = end += lengths[row] ?? 0;
  if (end !== text.byteLength) throw corrupt('has row ids that do not add up');
  return (row) => textOf(text.subarray(row === 0 ? 0 : ends[row - 1], ends[row]));
}

/** Reads bytes into an array of their own. */
export async function readBytes(blob: ReadableBlob, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await readInto(blob, { offset, length }, bytes);
  return bytes;
}

/** Fills an array, piece by piece. */
export async function readInto(blob: ReadableBlob, { offset, length }: BlobSection, array: ArrayBufferView): Promise<void> {
  for (let at = 0; at < length; at += READ_BYTES) {
    const size = Math.min(READ_BYTES, length - at);
    await blob.read(offset + at, new Uint8Array(array.buffer, array.byteOffset + at, size));
  }
}

/** Checks the length of a section, in bytes. */
export function expectLength(name: string, { length }: BlobSection, expected: number): void {
  if (length !== expected) throw corrupt(`has a section ${name} of ${length} bytes; expected ${expected}`);
}

/** The error of bytes that are no blob of ours. */
export function corrupt(text: string): RootstockError {
  return new RootstockError('ARTIFACT_CORRUPT', `The materialised data ${text}.\nFix: run again; the data is materialised anew.`);
}

/** A view of bytes for reading numbers. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Bytes as UTF-8. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
