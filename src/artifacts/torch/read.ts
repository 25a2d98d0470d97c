import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { TensorData } from '../../contracts/tensors.ts';
import { decodeTensor } from '../safetensors/decode.ts';
import { withSource } from '../safetensors/file-source.ts';
import type { FileTensor } from '../safetensors/header.ts';
import {
  checkBudget,
  checkReadable,
  compareNames,
  type InspectedTensor,
  nameOf,
  type ReadOptions,
  type ReadWeights,
  type TreeTensor,
} from '../safetensors/read.ts';
import type { BlobReader } from '../store.ts';
import type { TorchTensor } from './state-dict.ts';
import { damaged, elementBytes, openTorch, type TorchFile } from './torch-file.ts';
import type { ZipEntry } from './zip-directory.ts';

const PIECE_BYTES = 4 * 1024 * 1024;

/**
 * Reads all tensors of a torch file, by name in byte order, under the rules of `readSafetensors`. Contiguous tensors go straight into their
 * own arrays; views with other strides are gathered. Every storage is checked against the archive's CRC-32.
 *
 * Errors: CHECKPOINT_INVALID, CHECKPOINT_UNSUPPORTED, PARAMETER_BUDGET; FILE_NOT_FOUND and FILE_UNREADABLE for paths.
 */
export async function readTorch(source: BlobReader | string, options: ReadOptions = {}): Promise<ReadWeights> {
  const where = nameOf(source, options);
  return withSource(source, async (reader) => {
    const file = await openChecked(reader, where, options);
    const decoded = new Map<string, TensorData>();
    const conversions: string[] = [];
    await eachTensor(file, reader, where, async (tensor, raw) => {
      const result = await decodeTensor(raw.source, { ...toFileTensor(tensor), begin: raw.begin }, where);
      decoded.set(tensor.path, result.tensor);
      if (result.conversion !== null) conversions.push(result.conversion);
    });
    const weights = new Map([...decoded].sort(([left], [right]) => compareNames(left, right)));
    return { weights, metadata: {}, conversions };
  });
}

/** Reads names, shapes and element types only, by name: a file of any size costs its directory and data.pkl. Errors as `readTorch`. */
export async function readTorchTree(source: BlobReader | string, options: ReadOptions = {}): Promise<readonly TreeTensor[]> {
  const where = nameOf(source, options);
  return withSource(source, async (reader) => {
    const { tensors } = await openChecked(reader, where, options);
    return [...tensors].sort(byPath).map(({ path, shape, dtype }) => ({ path, shape, dtype }));
  });
}

/** Lists every tensor with the SHA-256 of its bytes in row-major order, by name. Errors as `readTorch`. */
export async function inspectTorch(path: string): Promise<readonly InspectedTensor[]> {
  return withSource(path, async (reader) => {
    const inspected: InspectedTensor[] = [];
    await eachTensor(await openTorch(reader, path), reader, path, async (tensor, raw) => {
      const { path: name, shape, dtype, byteLength } = toFileTensor(tensor);
      const hash = createHash('sha256');
      await eachPiece(raw.source, raw.begin, byteLength, (piece) => hash.update(piece));
      inspected.push({ name, shape, dtype, sha256: hash.digest('hex'), byteLength });
    });
    return inspected.sort((left, right) => compareNames(left.name, right.name));
  });
}

async function openChecked(reader: BlobReader, where: string, options: ReadOptions): Promise<TorchFile> {
  const file = await openTorch(reader, where);
  const tensors = file.tensors.map(toFileTensor);
  checkReadable({ tensors }, where);
  checkBudget({ tensors }, where, options.budgetParameters);
  return file;
}

/** Where the bytes of a tensor lie in row-major order. */
interface RawTensor {
  readonly source: BlobReader;
  readonly begin: number;
}

/** Hands out every tensor's bytes; each storage in use has matched its checksum by the end. */
async function eachTensor(
  file: TorchFile,
  reader: BlobReader,
  where: string,
  use: (tensor: TorchTensor, raw: RawTensor) => Promise<void>,
): Promise<void> {
  const verified = new Set<ZipEntry>();
  for (const tensor of file.tensors) {
    const { entry, begin } = await file.locate(tensor);
    const whole = isContiguous(tensor) && tensor.elements === tensor.storage.elements;
    if (!whole && !verified.has(entry)) await verify(reader, begin, entry, where);
    if (!isContiguous(tensor)) await use(tensor, { source: await gather(reader, tensor, begin), begin: 0 });
    else if (!whole) await use(tensor, { source: reader, begin: begin + tensor.offset * elementBytes(tensor.dtype) });
    else {
      // Whole storages are checked while they are read, so that no byte is read twice.
      const summed = withChecksum(reader);
      await use(tensor, { source: summed, begin });
      if (summed.sum() !== entry.crc32) throw damaged(entry, where);
    }
    verified.add(entry);
  }
}

function isContiguous({ shape, strides, elements }: TorchTensor): boolean {
  if (elements === 0) return true;
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis] ?? 1;
  }
  return true;
}

/** Copies the elements of a view into row-major order. */
async function gather(reader: BlobReader, tensor: TorchTensor, begin: number): Promise<BlobReader> {
  const size = elementBytes(tensor.dtype);
  const from = Buffer.alloc(tensor.span * size);
  await reader.read(begin + tensor.offset * size, from);
  const into = Buffer.alloc(tensor.elements * size);
  const index = tensor.shape.map(() => 0);
  let at = 0;
  for (let element = 0; element < tensor.elements; element += 1) {
    from.copy(into, element * size, at * size, (at + 1) * size);
    for (let axis = index.length - 1; axis >= 0; axis -= 1) {
      const [next, stride] = [(index[axis] ?? 0) + 1, tensor.strides[axis] ?? 0];
      at += stride;
      index[axis] = next;
      if (next < (tensor.shape[axis] ?? 1)) break;
      at -= next * stride;
      index[axis] = 0;
    }
  }
  return {
    byteLength: into.byteLength,
    read: async (offset, target) => {
      target.set(into.subarray(offset, offset + target.byteLength));
    },
    close: async () => undefined,
  };
}

/** A reader that sums what is read through it, in the order in which it is read. */
function withChecksum(source: BlobReader): BlobReader & { readonly sum: () => number } {
  let sum = 0;
  return {
    byteLength: source.byteLength,
    async read(offset, into) {
      await source.read(offset, into);
      sum = crc32(into, sum);
    },
    close: async () => undefined,
    sum: () => sum,
  };
}

async function verify(reader: BlobReader, begin: number, entry: ZipEntry, where: string): Promise<void> {
  const summed = withChecksum(reader);
  await eachPiece(summed, begin, entry.byteLength, () => undefined);
  if (summed.sum() !== entry.crc32) throw damaged(entry, where);
}

async function eachPiece(source: BlobReader, begin: number, byteLength: number, use: (piece: Uint8Array) => void): Promise<void> {
  const buffer = new Uint8Array(Math.min(PIECE_BYTES, byteLength));
  for (let done = 0; done < byteLength; done += buffer.byteLength) {
    const piece = buffer.subarray(0, Math.min(buffer.byteLength, byteLength - done));
    await source.read(begin + done, piece);
    use(piece);
  }
}

function toFileTensor({ path, shape, dtype, elements }: TorchTensor): FileTensor {
  return { path, shape, dtype, elements, byteLength: elements * elementBytes(dtype), begin: 0 };
}

function byPath(left: TorchTensor, right: TorchTensor): number {
  return compareNames(left.path, right.path);
}
