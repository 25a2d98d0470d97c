import { crc32 } from 'node:zlib';

/** A file for an archive. `chunks` gives its bytes, the same ones at every call. */
export interface ZipFile {
  readonly name: string;
  readonly byteLength: number;
  readonly chunks: () => Iterable<Uint8Array>;
}

/** Where torch's reader likes values to begin, so that a file can be mapped into memory. */
const ALIGNMENT = 64;
const LIMIT_32 = 0xffffffff;
/** Version 4.5 of the format knows zip64. */
const VERSION = 45;
/** Names are UTF-8. */
const FLAGS = 0x0800;

/**
 * Writes a zip archive of stored entries, each beginning at a multiple of 64 bytes, as torch's writer lays them out (PKWARE APPNOTE 6.3.9;
 * zip64 where a size or an offset needs it). No times and no attributes, so that equal files make equal archives.
 */
export function* zipToChunks(files: readonly ZipFile[]): Generator<Uint8Array> {
  let at = 0;
  const central: Buffer[] = [];
  for (const file of files) {
    const entry = { ...file, sum: sumOf(file), offset: at };
    const header = localHeader(entry);
    yield header;
    yield* file.chunks();
    at += header.byteLength + file.byteLength;
    central.push(centralHeader(entry));
  }
  yield* central;
  yield end({ entries: files.length, byteLength: central.reduce((sum, { byteLength }) => sum + byteLength, 0), offset: at });
}

interface Entry extends ZipFile {
  readonly sum: number;
  readonly offset: number;
}

function sumOf({ chunks }: ZipFile): number {
  let sum = 0;
  for (const chunk of chunks()) sum = crc32(chunk, sum);
  return sum;
}

function localHeader({ name, byteLength, sum, offset }: Entry): Buffer {
  const nameBytes = Buffer.from(name, 'utf8');
  const wide = wideField([byteLength, byteLength].filter(() => byteLength >= LIMIT_32));
  const plain = 30 + nameBytes.byteLength + wide.byteLength + 4;
  const padding = (ALIGNMENT - ((offset + plain) % ALIGNMENT)) % ALIGNMENT;
  const pad = Buffer.alloc(4 + padding, 'Z');
  pad.write('FB', 0, 'latin1'); // torch's name for its padding
  pad.writeUInt16LE(padding, 2);
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  writeCommon(head, 4, { byteLength, sum });
  head.writeUInt16LE(nameBytes.byteLength, 26);
  head.writeUInt16LE(wide.byteLength + pad.byteLength, 28);
  return Buffer.concat([head, nameBytes, wide, pad]);
}

function centralHeader({ name, byteLength, sum, offset }: Entry): Buffer {
  const nameBytes = Buffer.from(name, 'utf8');
  const wide = wideField([byteLength, byteLength, offset].filter((value) => value >= LIMIT_32));
  const head = Buffer.alloc(46);
  head.writeUInt32LE(0x02014b50, 0);
  writeCommon(head, 6, { byteLength, sum });
  head.writeUInt16LE(nameBytes.byteLength, 28);
  head.writeUInt16LE(wide.byteLength, 30);
  head.writeUInt32LE(Math.min(offset, LIMIT_32), 42);
  return Buffer.concat([head, nameBytes, wide]);
}

/** The fields that both headers share, from the version that is needed to the size. */
function writeCommon(head: Buffer, at: number, { byteLength, sum }: { readonly byteLength: number; readonly sum: number }): void {
  head.writeUInt16LE(VERSION, at);
  head.writeUInt16LE(FLAGS, at + 2);
  head.writeUInt32LE(sum, at + 10);
  head.writeUInt32LE(Math.min(byteLength, LIMIT_32), at + 14);
  head.writeUInt32LE(Math.min(byteLength, LIMIT_32), at + 18);
}

/** The zip64 field with the values that do not fit in 32 bits; empty without any. */
function wideField(values: readonly number[]): Buffer {
  if (values.length === 0) return Buffer.alloc(0);
  const field = Buffer.alloc(4 + 8 * values.length);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, index) => field.writeBigUInt64LE(BigInt(value), 4 + 8 * index));
  return field;
}

/** The zip64 end and its locator, always, as torch's writer does; then the end that every reader looks for. */
function end({ entries, byteLength, offset }: { readonly entries: number; readonly byteLength: number; readonly offset: number }): Buffer {
  const wide = Buffer.alloc(56);
  wide.writeUInt32LE(0x06064b50, 0);
  wide.writeBigUInt64LE(44n, 4);
  wide.writeUInt16LE(VERSION, 12);
  wide.writeUInt16LE(VERSION, 14);
  [entries, entries, byteLength, offset].forEach((value, index) => wide.writeBigUInt64LE(BigInt(value), 24 + 8 * index));
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(offset + byteLength), 8);
  locator.writeUInt32LE(1, 16);
  const plain = Buffer.alloc(22);
  plain.writeUInt32LE(0x06054b50, 0);
  plain.writeUInt16LE(Math.min(entries, 0xffff), 8);
  plain.writeUInt16LE(Math.min(entries, 0xffff), 10);
  plain.writeUInt32LE(Math.min(byteLength, LIMIT_32), 12);
  plain.writeUInt32LE(Math.min(offset, LIMIT_32), 16);
  return Buffer.concat([wide, locator, plain]);
}
