import type { BlobReader } from '../store.ts';
import { invalidTorch, show, unsupportedTorch } from './problems.ts';

/** A file of a zip archive. */
export interface ZipEntry {
  readonly name: string;
  readonly byteLength: number;
  /** CRC-32 of its bytes. */
  readonly crc32: number;
  /** Where its local header begins. */
  readonly headerOffset: number;
  /** Why its bytes cannot be read; null when they are stored as they are. */
  readonly packed: string | null;
}

/** The files of an archive by name, and where their bytes end at the latest: the start of the central directory. */
export interface ZipDirectory {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  readonly end: number;
}

/** Limits: one entry per storage, and no more storages than a safetensors file may have tensors. */
const MAX_ENTRIES = 110_000;
const MAX_DIRECTORY_BYTES = 64 * 1024 * 1024;
const MAX_NAME_BYTES = 1024;

const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const END64_BYTES = 56;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_COMMENT_BYTES = 65_535;
const UNKNOWN_32 = 0xffffffff;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads the central directory of a zip archive (PKWARE APPNOTE 6.3.9, sections 4.3.12 to 4.3.16, zip64 included). Nothing is unpacked:
 * only stored entries can be located, so that no byte of the file becomes more than one byte of memory. Errors: CHECKPOINT_INVALID.
 */
export async function readZipDirectory(source: BlobReader, where: string): Promise<ZipDirectory> {
  const { entries: count, byteLength, offset } = await findDirectory(source, where);
  if (count > MAX_ENTRIES) throw invalid(where, `the archive has ${count} entries; at most ${MAX_ENTRIES} are read`);
  if (byteLength > MAX_DIRECTORY_BYTES) throw invalid(where, `the directory of the archive has ${byteLength} bytes, which is too large`);
  if (offset + byteLength > source.byteLength)
    throw invalid(where, 'the file is truncated: the directory of the archive lies beyond its end');
  const bytes = Buffer.alloc(byteLength);
  await source.read(offset, bytes);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    if (at + CENTRAL_BYTES > byteLength || bytes.readUInt32LE(at) !== 0x02014b50) throw invalid(where, `entry ${index} is damaged`);
    const end = at + CENTRAL_BYTES + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    if (end > byteLength) throw invalid(where, `entry ${index} lies beyond the directory of the archive`);
    const entry = readEntry(bytes.subarray(at, end), where);
    if (entry.headerOffset + LOCAL_BYTES + entry.byteLength > offset) {
      throw invalid(where, `the entry "${show(entry.name)}" lies beyond the data of the archive`);
    }
    if (entries.has(entry.name)) throw invalid(where, `two entries are called "${show(entry.name)}"`);
    entries.set(entry.name, entry);
    at = end;
  }
  return { entries, end: offset };
}

/**
 * Finds the first byte of an entry behind its local header. CHECKPOINT_INVALID when the header contradicts the directory,
 * CHECKPOINT_UNSUPPORTED for a compressed or encrypted entry.
 */
export async function locateEntry(source: BlobReader, entry: ZipEntry, directory: ZipDirectory, where: string): Promise<number> {
  if (entry.packed !== null) {
    throw unsupportedTorch(where, [{ where: show(entry.name), text: `${entry.packed}; torch.save stores plain entries` }]);
  }
  const header = Buffer.alloc(LOCAL_BYTES);
  await source.read(entry.headerOffset, header);
  const nameBytes = header.readUInt16LE(26);
  const begin = entry.headerOffset + LOCAL_BYTES + nameBytes + header.readUInt16LE(28);
  const fits = header.readUInt32LE(0) === 0x04034b50 && begin + entry.byteLength <= directory.end;
  if (!fits || header.readUInt16LE(8) !== 0) throw invalid(where, `the header of the entry "${show(entry.name)}" is damaged`);
  const name = Buffer.alloc(nameBytes);
  await source.read(entry.headerOffset + LOCAL_BYTES, name);
  if (!name.equals(Buffer.from(entry.name, 'utf8'))) throw invalid(where, `the entry "${show(entry.name)}" has another name in its header`);
  return begin;
}

interface DirectoryPlace {
  readonly entries: number;
  readonly byteLength: number;
  readonly offset: number;
}

async function findDirectory(source: BlobReader, where: string): Promise<DirectoryPlace> {
  const tailBytes = Math.min(source.byteLength, END_BYTES + MAX_COMMENT_BYTES);
  const start = source.byteLength - tailBytes;
  const tail = Buffer.alloc(tailBytes);
  await source.read(start, tail);
  for (let at = tailBytes - END_BYTES; at >= 0; at -= 1) {
    if (tail.readUInt32LE(at) !== 0x06054b50 || at + END_BYTES + tail.readUInt16LE(at + 20) !== tailBytes) continue;
    const wide = await findDirectory64(source, start + at - LOCATOR_BYTES, where);
    return wide ?? { entries: tail.readUInt16LE(at + 10), byteLength: tail.readUInt32LE(at + 12), offset: tail.readUInt32LE(at + 16) };
  }
  throw invalid(where, 'the file is truncated: the end of a zip archive is missing');
}

async function findDirectory64(source: BlobReader, locatorAt: number, where: string): Promise<DirectoryPlace | undefined> {
  if (locatorAt < 0) return undefined;
  const locator = Buffer.alloc(LOCATOR_BYTES);
  await source.read(locatorAt, locator);
  if (locator.readUInt32LE(0) !== 0x07064b50) return undefined;
  const at = toSafe(locator.readBigUInt64LE(8), where);
  if (at + END64_BYTES > locatorAt) throw invalid(where, 'the zip64 end of the archive lies beyond its place');
  const end = Buffer.alloc(END64_BYTES);
  await source.read(at, end);
  if (end.readUInt32LE(0) !== 0x06064b50) throw invalid(where, 'the zip64 end of the archive is damaged');
  const number = (offset: number): number => toSafe(end.readBigUInt64LE(offset), where);
  return { entries: number(32), byteLength: number(40), offset: number(48) };
}

function readEntry(bytes: Buffer, where: string): ZipEntry {
  const nameBytes = bytes.readUInt16LE(28);
  if (nameBytes > MAX_NAME_BYTES) throw invalid(where, `the name of an entry has ${nameBytes} bytes; at most ${MAX_NAME_BYTES} are read`);
  const name = decodeName(bytes.subarray(CENTRAL_BYTES, CENTRAL_BYTES + nameBytes), where);
  const extra = bytes.subarray(CENTRAL_BYTES + nameBytes, CENTRAL_BYTES + nameBytes + bytes.readUInt16LE(30));
  const [byteLength, stored, headerOffset] = widen([bytes.readUInt32LE(24), bytes.readUInt32LE(20), bytes.readUInt32LE(42)], extra, where);
  const packed = (bytes.readUInt16LE(8) & 1) !== 0 ? 'is encrypted' : bytes.readUInt16LE(10) !== 0 ? 'is compressed' : null;
  if (packed === null && stored !== byteLength)
    throw invalid(where, `the entry "${show(name)}" has two sizes, ${stored} and ${byteLength}`);
  return { name, byteLength: stored, crc32: bytes.readUInt32LE(16), headerOffset, packed };
}

/** Takes values that do not fit in 32 bits from the zip64 field: those that are there, in the order size, stored size, offset. */
function widen(values: readonly [number, number, number], extra: Buffer, where: string): readonly [number, number, number] {
  if (!values.includes(UNKNOWN_32)) return values;
  for (let at = 0; at + 4 <= extra.length; ) {
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1 && end <= extra.length) {
      let next = at + 4;
      const take = (value: number): number => {
        if (value !== UNKNOWN_32) return value;
        if (next + 8 > end) throw invalid(where, 'a zip64 field of the archive is cut');
        next += 8;
        return toSafe(extra.readBigUInt64LE(next - 8), where);
      };
      return [take(values[0]), take(values[1]), take(values[2])];
    }
    at = end;
  }
  return values;
}

function decodeName(bytes: Buffer, where: string): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw invalid(where, 'the name of an entry is not valid UTF-8');
  }
}

function toSafe(value: bigint, where: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid(where, `the archive gives the number ${value}, which is above 2^53 - 1`);
  return Number(value);
}

function invalid(where: string, text: string): Error {
  return invalidTorch(where, [{ where: '', text }]);
}
