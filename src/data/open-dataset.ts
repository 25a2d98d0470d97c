import { RootstockError } from '../errors.ts';
import { BLOB_VERSION, type BlobFooter, type BlobSection, EDGE_BYTES, MAGIC, type ReadableBlob } from './blob-format.ts';
import type { FeatureDataset } from './dataset.ts';

/** One read fills at most this much: a single read of 2 GiB or more fails on Linux. */
const READ_BYTES = 1 << 26;

/**
 * Opens a materialised split: x, y and row ids are read straight into the arrays that are given out. Does not close the blob.
 * Fails with ARTIFACT_CORRUPT when the bytes are not a blob of this format and version.
 */
export async function openDataset(blob: ReadableBlob): Promise<FeatureDataset> {
  const footer = await readFooter(blob);
  const { rows, width, targets, sections } = footer;
  const isClasses = targets.kind === 'classes';
  const targetWidth = isClasses ? 1 : targets.names.length;
  expectLength('x', sections.x, rows * width * 4);
  expectLength('y', sections.y, rows * targetWidth * 4);
  const x = new Float32Array(rows * width);
  const y = isClasses ? new Int32Array(rows) : new Float32Array(rows * targetWidth);
  await readInto(blob, sections.x, x);
  await readInto(blob, sections.y, y);
  const rowId = footer.row_ids === 'int64' ? await readIntegerIds(blob, footer) : await readTextIds(blob, footer);
  return { kind: 'features', rows, width, x, y, targetWidth, rowId };
}

/** Reads and checks the description at the end of a blob. Fails with ARTIFACT_CORRUPT. */
export async function readFooter(blob: ReadableBlob): Promise<BlobFooter> {
  if (blob.byteLength < 2 * EDGE_BYTES) throw corrupt(`is ${blob.byteLength} bytes long`);
  const head = await readBytes(blob, 0, EDGE_BYTES);
  const tail = await readBytes(blob, blob.byteLength - EDGE_BYTES, EDGE_BYTES);
  if (textOf(head.subarray(0, 8)) !== MAGIC || textOf(tail.subarray(8)) !== MAGIC) throw corrupt(`does not begin and end with ${MAGIC}`);
  const version = viewOf(head).getUint32(8, true);
  if (version !== BLOB_VERSION) throw corrupt(`has version ${version}; this Rootstock reads version ${BLOB_VERSION}`);
  const length = viewOf(tail).getUint32(0, true);
  const start = blob.byteLength - EDGE_BYTES - length;
  if (start < EDGE_BYTES) throw corrupt(`says its description is ${length} bytes long, more than there is`);
  const footer = parseFooter(textOf(await readBytes(blob, start, length)));
  for (const [name, { offset, length: size }] of Object.entries(footer.sections)) {
    if (offset < EDGE_BYTES || size < 0 || offset + size > start) throw corrupt(`has its section ${name} outside`);
  }
  return footer;
}

/** The digest of a blob is checked by the store, so this only has to tell "another kind of blob" from ours. */
function parseFooter(text: string): BlobFooter {
  try {
    const footer = JSON.parse(text) as BlobFooter;
    if (footer.format === 'rootstock-data' && Number.isSafeInteger(footer.rows) && Number.isSafeInteger(footer.width)) return footer;
  } catch (error) {
    throw corrupt(`has a description that is not JSON (${String(error)})`);
  }
  throw corrupt('has a description of another format');
}

async function readIntegerIds(blob: ReadableBlob, { rows, sections }: BlobFooter): Promise<(row: number) => string> {
  expectLength('row_ids', sections.row_ids, rows * 8);
  const ids = new BigInt64Array(rows);
  await readInto(blob, sections.row_ids, ids);
  return (row) => String(ids[row]);
}

async function readTextIds(blob: ReadableBlob, { rows, sections }: BlobFooter): Promise<(row: number) => string> {
  const { offset, length } = sections.row_ids;
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

async function readBytes(blob: ReadableBlob, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await readInto(blob, { offset, length }, bytes);
  return bytes;
}

async function readInto(blob: ReadableBlob, { offset, length }: BlobSection, array: ArrayBufferView): Promise<void> {
  for (let at = 0; at < length; at += READ_BYTES) {
    const size = Math.min(READ_BYTES, length - at);
    await blob.read(offset + at, new Uint8Array(array.buffer, array.byteOffset + at, size));
  }
}

function expectLength(name: string, { length }: BlobSection, expected: number): void {
  if (length !== expected) throw corrupt(`has a section ${name} of ${length} bytes; expected ${expected}`);
}

function corrupt(text: string): RootstockError {
  return new RootstockError('ARTIFACT_CORRUPT', `The materialised data ${text}.\nFix: run again; the data is materialised anew.`);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
