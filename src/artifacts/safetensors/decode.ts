import { endianness } from 'node:os';
import type { TensorData } from '../../contracts/tensors.ts';
import { composeMessage, RootstockError } from '../../errors.ts';
import type { BlobReader } from '../store.ts';
import { type FileDType, type FileTensor } from './header.ts';

/** Element types that can become weights. */
const READABLE = ['F32', 'F64', 'F16', 'BF16', 'I64', 'I32', 'U8', 'BOOL'] as const;
type ReadableDType = (typeof READABLE)[number];

/** A tensor in memory, and what had to be changed to get it there (null: nothing). */
export interface DecodedTensor {
  readonly tensor: TensorData;
  readonly conversion: string | null;
}

/** A multiple of 8, so that no element of any type is cut. */
const SCRATCH_BYTES = 4 * 1024 * 1024;

/** Whether tensors of this element type can be read as weights. */
export function isReadable(dtype: FileDType): dtype is ReadableDType {
  return READABLE.some((name) => name === dtype);
}

/**
 * Reads one tensor straight into its own array; other element types than float32 pass through a small buffer. Floats become float32
 * (round to nearest even; what is too large becomes infinity and is counted in the report), integers and booleans int64 kept as int32.
 *
 * Errors: CHECKPOINT_INVALID for an integer beyond 32 bits, CHECKPOINT_UNSUPPORTED for other element types.
 */
export async function decodeTensor(source: BlobReader, entry: FileTensor, where: string): Promise<DecodedTensor> {
  const { shape, dtype, elements, path } = entry;
  if (endianness() !== 'LE') throw new RootstockError('PLATFORM_UNSUPPORTED', 'Weights files are little-endian; this processor is not.');
  if (!isReadable(dtype)) throw new RootstockError('CHECKPOINT_UNSUPPORTED', `${where}: ${path} has the dtype ${dtype}.`, { file: where });
  if (dtype === 'I64' || dtype === 'I32' || dtype === 'U8' || dtype === 'BOOL') {
    const data = new Int32Array(elements);
    if (dtype === 'I32') await source.read(entry.begin, bytesOf(data));
    else if (dtype === 'I64') await convert(source, entry, (raw, at) => narrowInt64(raw, data.subarray(at), { path, where }));
    else await convert(source, entry, (raw, at) => data.set(dtype === 'U8' ? raw : raw.map((byte) => (byte === 0 ? 0 : 1)), at));
    return { tensor: { shape, dtype: 'int64', data }, conversion: dtype === 'I64' ? null : `${path}: ${dtype} -> int64` };
  }
  const data = new Float32Array(elements);
  if (dtype === 'F32') {
    await source.read(entry.begin, bytesOf(data));
    return { tensor: { shape, dtype: 'float32', data }, conversion: null };
  }
  let overflowed = 0;
  await convert(source, entry, (raw, at) => {
    if (dtype === 'F64') overflowed += narrowFloat64(raw, data.subarray(at));
    else widenHalf(raw, new Uint32Array(data.buffer, at * 4), dtype);
  });
  const note = overflowed > 0 ? ` (${overflowed} values are too large and became infinity)` : '';
  return { tensor: { shape, dtype: 'float32', data }, conversion: `${path}: ${dtype} -> float32${note}` };
}

/** Reads a tensor in pieces; `use` gets the raw bytes (8-byte aligned) and the index of their first element. */
async function convert(source: BlobReader, entry: FileTensor, use: (raw: Uint8Array, at: number) => void): Promise<void> {
  if (entry.byteLength === 0) return;
  const size = entry.byteLength / entry.elements;
  const scratch = new Uint8Array(Math.min(SCRATCH_BYTES, entry.byteLength));
  for (let done = 0; done < entry.byteLength; done += scratch.byteLength) {
    const piece = scratch.subarray(0, Math.min(scratch.byteLength, entry.byteLength - done));
    await source.read(entry.begin + done, piece);
    use(piece, done / size);
  }
}

function narrowInt64(raw: Uint8Array, into: Int32Array, name: { readonly path: string; readonly where: string }): void {
  const words = new Int32Array(raw.buffer, raw.byteOffset, raw.byteLength / 4); // low, high, low, high, ...
  for (let i = 0; i < words.length / 2; i += 1) {
    const low = words[2 * i] ?? 0;
    if (words[2 * i + 1] !== low >> 31) {
      const value = new BigInt64Array(raw.buffer, raw.byteOffset, raw.byteLength / 8)[i];
      const problem = { where: name.path, text: `holds the integer ${value}, which does not fit in 32 bits` };
      throw new RootstockError('CHECKPOINT_INVALID', composeMessage(`${name.where} cannot be read as weights.`, [problem]), {
        file: name.where,
      });
    }
    into[i] = low;
  }
}

function narrowFloat64(raw: Uint8Array, into: Float32Array): number {
  const doubles = new Float64Array(raw.buffer, raw.byteOffset, raw.byteLength / 8);
  let overflowed = 0;
  for (let i = 0; i < doubles.length; i += 1) {
    const value = doubles[i] ?? 0;
    into[i] = value;
    if (Number.isFinite(value) && !Number.isFinite(into[i])) overflowed += 1;
  }
  return overflowed;
}

/** Writes float32 bit patterns; every 16-bit float has an exact one. */
function widenHalf(raw: Uint8Array, into: Uint32Array, dtype: 'F16' | 'BF16'): void {
  const halves = new Uint16Array(raw.buffer, raw.byteOffset, raw.byteLength / 2);
  for (let i = 0; i < halves.length; i += 1) {
    const bits = halves[i] ?? 0;
    into[i] = dtype === 'BF16' ? bits << 16 : widenFloat16(bits);
  }
}

/** IEEE 754 binary16 -> binary32 bits: sign, 5 -> 8 exponent bits (bias 15 -> 127), 10 -> 23 fraction bits. */
function widenFloat16(bits: number): number {
  const sign = (bits & 0x8000) << 16;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal: shift its first set bit to where the implicit one is.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}

function bytesOf(data: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
