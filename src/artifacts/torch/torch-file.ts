import { crc32 } from 'node:zlib';
import { RootstockError } from '../../errors.ts';
import type { FileTensor } from '../safetensors/header.ts';
import type { BlobReader } from '../store.ts';
import { invalidTorch, show, unsupportedTorch } from './problems.ts';
import { findStateDict, type TorchTensor } from './state-dict.ts';
import { unpickle } from './unpickle.ts';
import { locateEntry, readZipDirectory, type ZipDirectory, type ZipEntry } from './zip-directory.ts';

/** An open torch file: its tensors, and where their storages lie. */
export interface TorchFile {
  readonly tensors: readonly TorchTensor[];
  /** Finds the entry that holds the storage of a tensor, and its first byte in the file. */
  locate(tensor: TorchTensor): Promise<{ readonly entry: ZipEntry; readonly begin: number }>;
}

/** Limits: 100,000 tensors make a pickle of about 20 MiB. */
const MAX_PICKLE_BYTES = 64 * 1024 * 1024;
/** Views may share a storage, so that tensors take more memory than the file: at most this many times its bytes, and never under 64 MiB. */
const MAX_EXPANSION = 16;
const MIN_EXPANDED_BYTES = 64 * 1024 * 1024;

/**
 * Opens a file of torch.save (the zip format of torch 1.6 and later): reads the directory and data.pkl, no tensor.
 *
 * Errors: CHECKPOINT_INVALID; CHECKPOINT_UNSUPPORTED for the formats before 1.6 and of TorchScript, for big-endian files, and for a pickle
 * that asks for anything outside the allow-list.
 */
export async function openTorch(source: BlobReader, where: string): Promise<TorchFile> {
  await checkMagic(source, where);
  const directory = await readZipDirectory(source, where);
  const root = findRoot(directory, where);
  const order = directory.entries.get(`${root}/byteorder`);
  if (order !== undefined) await checkByteOrder(source, { order, directory, where });
  const pickle = await readEntry(source, { entry: directory.entries.get(`${root}/data.pkl`), directory, where });
  const tensors = findStateDict(unpickle(pickle, where), where);
  const entries = new Map(tensors.map((tensor) => [tensor, findStorage(tensor, { directory, root, where })]));
  checkMemory(tensors, source.byteLength, where);
  return {
    tensors,
    async locate(tensor) {
      const entry = entries.get(tensor);
      if (entry === undefined) throw new RootstockError('INTERNAL', `${tensor.path} is a tensor of another file.`);
      return { entry, begin: await locateEntry(source, entry, directory, where) };
    },
  };
}

/** Bytes per element of the types that torch stores. */
export function elementBytes(dtype: FileTensor['dtype']): number {
  if (dtype === 'F64' || dtype === 'I64') return 8;
  if (dtype === 'F32' || dtype === 'I32') return 4;
  return dtype === 'F16' || dtype === 'BF16' || dtype === 'I16' ? 2 : 1;
}

/** Builds the error of bytes that do not match the archive's checksum. */
export function damaged(entry: ZipEntry, where: string): RootstockError {
  return invalidTorch(where, [
    {
      where: show(entry.name),
      text: 'does not match its checksum: it is damaged, or was saved with torch.serialization.set_crc32_options(False)',
    },
  ]);
}

async function checkMagic(source: BlobReader, where: string): Promise<void> {
  if (source.byteLength < 4) throw invalidTorch(where, [{ where: '', text: `the file is truncated: it has ${source.byteLength} bytes` }]);
  const magic = Buffer.alloc(4);
  await source.read(0, magic);
  if (magic.readUInt32LE(0) === 0x04034b50) return;
  if (magic[0] !== 0x80) throw invalidTorch(where, [{ where: '', text: 'it does not begin like a zip archive' }]);
  throw unsupportedTorch(
    where,
    [{ where: '', text: 'it is a bare pickle, the format of torch before 1.6' }],
    'save it again in Python with a newer torch: torch.save(torch.load(path, weights_only=True), path).',
  );
}

/** The one folder that torch puts everything in. */
function findRoot({ entries }: ZipDirectory, where: string): string {
  const roots = [...entries.keys()].flatMap((name) => /^([^/]+)\/data\.pkl$/u.exec(name)?.[1] ?? []);
  const [root] = roots;
  if (root === undefined || roots.length > 1) {
    throw invalidTorch(where, [{ where: '', text: `the archive has ${roots.length} files */data.pkl, expected 1` }]);
  }
  if (entries.has(`${root}/constants.pkl`)) {
    throw unsupportedTorch(where, [{ where: '', text: 'it is a TorchScript program (torch.jit.save)' }]);
  }
  return root;
}

interface EntryPlace {
  readonly directory: ZipDirectory;
  readonly where: string;
}

async function checkByteOrder(source: BlobReader, { order, ...place }: EntryPlace & { readonly order: ZipEntry }): Promise<void> {
  const found = order.byteLength > 16 ? '' : (await readEntry(source, { entry: order, ...place })).toString('latin1');
  if (found === 'little') return;
  throw unsupportedTorch(place.where, [{ where: 'byteorder', text: `is ${JSON.stringify(found)}, expected "little"` }]);
}

async function readEntry(
  source: BlobReader,
  { entry, directory, where }: EntryPlace & { readonly entry: ZipEntry | undefined },
): Promise<Buffer> {
  if (entry === undefined) throw invalidTorch(where, [{ where: '', text: 'the archive has no data.pkl' }]);
  if (entry.byteLength > MAX_PICKLE_BYTES) {
    throw unsupportedTorch(where, [
      { where: show(entry.name), text: `has ${entry.byteLength} bytes; at most ${MAX_PICKLE_BYTES} are read` },
    ]);
  }
  const bytes = Buffer.alloc(entry.byteLength);
  await source.read(await locateEntry(source, entry, directory, where), bytes);
  if (crc32(bytes) !== entry.crc32) throw damaged(entry, where);
  return bytes;
}

function findStorage({ path, storage }: TorchTensor, { directory, root, where }: EntryPlace & { readonly root: string }): ZipEntry {
  const entry = directory.entries.get(`${root}/data/${storage.key}`);
  const wanted = storage.elements * elementBytes(storage.dtype);
  if (entry?.byteLength === wanted) return entry;
  const text = `needs ${wanted} bytes in data/${show(storage.key)}, ${entry === undefined ? 'which is not there' : `which has ${entry.byteLength}`}`;
  throw invalidTorch(where, [{ where: show(path), text }]);
}

function checkMemory(tensors: readonly TorchTensor[], fileBytes: number, where: string): void {
  const wanted = tensors.reduce((sum, { elements, dtype }) => sum + elements * Math.max(4, elementBytes(dtype)), 0);
  const allowed = Math.max(MIN_EXPANDED_BYTES, MAX_EXPANSION * fileBytes);
  if (wanted <= allowed) return;
  const text = `its tensors take ${wanted} bytes in memory, more than ${allowed} for a file of ${fileBytes}: they are views that repeat their storages`;
  throw unsupportedTorch(where, [{ where: '', text }], 'save them with .contiguous().clone() in Python.');
}
