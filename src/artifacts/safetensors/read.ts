import { createHash } from 'node:crypto';
import type { TensorData, Weights } from '../../contracts/tensors.ts';
import { composeMessage, RootstockError } from '../../errors.ts';
import type { BlobReader } from '../store.ts';
import { decodeTensor, isReadable } from './decode.ts';
import { readHeader, withSource } from './file-source.ts';
import type { FileDType, FileTensor, SafetensorsHeader } from './header.ts';

/** What a reader may be told. */
export interface ReadOptions {
  /** At most this many scalars may come in; checked against the header before anything is allocated (PARAMETER_BUDGET). */
  readonly budgetParameters?: number;
  /** Name for messages; default: the path, or "the stored weights". */
  readonly where?: string;
}

/** Weights from a file. `conversions` has one sentence per tensor whose element type was changed. */
export interface ReadWeights {
  readonly weights: Weights;
  readonly metadata: Readonly<Record<string, string>>;
  readonly conversions: readonly string[];
}

/** A tensor of a file as planning sees it. */
export interface TreeTensor {
  readonly path: string;
  readonly shape: readonly number[];
  readonly dtype: FileDType;
}

/** A tensor of a file with the digest of its raw bytes. */
export interface InspectedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: FileDType;
  readonly sha256: string;
  readonly byteLength: number;
}

/**
 * Reads all tensors of a safetensors file, by name in byte order. Each goes straight into its own array: the peak is the weights
 * themselves and one buffer of 4 MiB.
 *
 * Errors: CHECKPOINT_INVALID (malformed), CHECKPOINT_UNSUPPORTED (element types other than F32, F64, F16, BF16, I64, I32, U8, BOOL),
 * PARAMETER_BUDGET; FILE_NOT_FOUND and FILE_UNREADABLE for paths.
 */
export async function readSafetensors(source: BlobReader | string, options: ReadOptions = {}): Promise<ReadWeights> {
  const where = nameOf(source, options);
  return withSource(source, async (reader) => {
    const header = await readHeader(reader, where);
    checkReadable(header, where);
    checkBudget(header, where, options.budgetParameters);
    const decoded = new Map<string, TensorData>();
    const conversions: string[] = [];
    for (const entry of header.tensors) {
      const { tensor, conversion } = await decodeTensor(reader, entry, where);
      decoded.set(entry.path, tensor);
      if (conversion !== null) conversions.push(conversion);
    }
    const weights = new Map([...decoded].sort(([left], [right]) => compareNames(left, right)));
    return { weights, metadata: header.metadata, conversions };
  });
}

/** Reads names, shapes and element types only, by name: a file of any size costs its header. Errors as `readSafetensors`. */
export async function readTree(source: BlobReader | string, options: ReadOptions = {}): Promise<readonly TreeTensor[]> {
  const where = nameOf(source, options);
  return withSource(source, async (reader) => {
    const header = await readHeader(reader, where);
    checkReadable(header, where);
    checkBudget(header, where, options.budgetParameters);
    return byName(header).map(({ path, shape, dtype }) => ({ path, shape, dtype }));
  });
}

/** Lists every tensor with the SHA-256 of its bytes, by name; every element type of the format is welcome. Memory: one buffer of 4 MiB. */
export async function inspectSafetensors(path: string): Promise<readonly InspectedTensor[]> {
  return withSource(path, async (reader) => {
    const tensors: InspectedTensor[] = [];
    const buffer = new Uint8Array(4 * 1024 * 1024);
    for (const entry of byName(await readHeader(reader, path))) {
      const hash = createHash('sha256');
      for (let done = 0; done < entry.byteLength; done += buffer.byteLength) {
        const piece = buffer.subarray(0, Math.min(buffer.byteLength, entry.byteLength - done));
        await reader.read(entry.begin + done, piece);
        hash.update(piece);
      }
      const { path: name, shape, dtype, byteLength } = entry;
      tensors.push({ name, shape, dtype, sha256: hash.digest('hex'), byteLength });
    }
    return tensors;
  });
}

/** Orders names by their UTF-8 bytes, which is the order of code points (and of Python's `sorted`). */
export function compareNames(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left, 'utf8'), Buffer.from(right, 'utf8'));
}

function byName(header: SafetensorsHeader): readonly FileTensor[] {
  return [...header.tensors].sort((left, right) => compareNames(left.path, right.path));
}

/** Refuses element types that weights cannot have (CHECKPOINT_UNSUPPORTED). */
export function checkReadable(header: Pick<SafetensorsHeader, 'tensors'>, where: string): void {
  const strange = header.tensors.filter(({ dtype }) => !isReadable(dtype));
  if (strange.length === 0) return;
  const message = composeMessage(
    `${where}: ${strange.length} of ${header.tensors.length} tensors have an element type that weights cannot have.`,
    strange.map(({ path, dtype }) => ({ where: path, text: `is ${dtype}, expected F32, F64, F16, BF16, I64, I32, U8 or BOOL` })),
    'save the file again with these tensors converted or left out.',
  );
  throw new RootstockError('CHECKPOINT_UNSUPPORTED', message, { file: where });
}

/** Refuses more values than a budget allows (PARAMETER_BUDGET). */
export function checkBudget(header: Pick<SafetensorsHeader, 'tensors'>, where: string, budget: number | undefined): void {
  const parameters = header.tensors.reduce((sum, { elements }) => sum + elements, 0);
  if (budget === undefined || parameters <= budget) return;
  throw new RootstockError('PARAMETER_BUDGET', `${where} holds ${parameters} values; at most ${budget} are read here.`, {
    file: where,
    parameters,
    budget,
  });
}

/** What a weights file is called in messages. */
export function nameOf(source: BlobReader | string, options: ReadOptions): string {
  return options.where ?? (typeof source === 'string' ? source : 'the stored weights');
}
