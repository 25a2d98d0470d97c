import type { TensorData, Weights } from '../../contracts/tensors.ts';
import { composeMessage, type Problem, RootstockError } from '../../errors.ts';
import { findNameProblem } from './header.ts';
import { compareNames } from './read.ts';

/** Elements of an int64 tensor that are widened at a time (4 MiB of output). */
const WIDEN_ELEMENTS = 512 * 1024;

/**
 * Writes weights in their one canonical form, so that equal weights have equal digests: names in byte order, data in the same order,
 * `__metadata__` exactly `{"format":"pt"}`, no white space but the spaces that pad the header to a multiple of 8 bytes, as the reference
 * implementation pads it (safetensors 0.4, `serialize`). float32 becomes F32, int64 I64. Chunks are views of the weights: use each before
 * the next, and before the weights change.
 */
export function* weightsToChunks(weights: Weights): Generator<Uint8Array> {
  checkWeights(weights);
  const sorted = [...weights].sort(([left], [right]) => compareNames(left, right));
  yield buildHeader(sorted);
  for (const [, { data, dtype }] of sorted) {
    if (data instanceof Int32Array) yield* widenInt64(data);
    else if (dtype === 'float32') yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
}

function buildHeader(sorted: readonly (readonly [string, TensorData])[]): Uint8Array {
  let at = 0;
  const members = sorted.map(([name, { shape, dtype, data }]) => {
    const begin = at;
    at += data.length * (dtype === 'int64' ? 8 : 4);
    const entry = { dtype: dtype === 'int64' ? 'I64' : 'F32', shape, data_offsets: [begin, at] };
    return `${JSON.stringify(name)}:${JSON.stringify(entry)}`;
  });
  const json = Buffer.from(`{${['"__metadata__":{"format":"pt"}', ...members].join(',')}}`, 'utf8');
  const padding = (8 - (json.byteLength % 8)) % 8;
  const header = Buffer.alloc(8 + json.byteLength + padding, ' ');
  header.writeBigUInt64LE(BigInt(json.byteLength + padding), 0);
  json.copy(header, 8);
  return header;
}

/** int64 bytes of values that are kept with 32 bits, in pieces. */
export function* widenInt64(data: Int32Array): Generator<Uint8Array> {
  for (let start = 0; start < data.length; start += WIDEN_ELEMENTS) {
    const piece = data.subarray(start, start + WIDEN_ELEMENTS);
    const words = new Int32Array(piece.length * 2); // low, high, low, high, ...
    piece.forEach((value, index) => {
      words[2 * index] = value;
      words[2 * index + 1] = value >> 31;
    });
    yield new Uint8Array(words.buffer);
  }
}

/** Refuses weights that contradict themselves (INTERNAL). */
export function checkWeights(weights: Weights): void {
  const problems: Problem[] = [];
  for (const [name, { shape, dtype, data }] of weights) {
    const nameProblem = name === '__metadata__' ? 'the name is reserved' : findNameProblem(name);
    if (nameProblem !== undefined) problems.push({ where: name, text: nameProblem });
    const elements = shape.reduce((product, size) => product * size, 1);
    if (elements !== data.length) problems.push({ where: name, text: `shape [${shape.join(', ')}] does not hold ${data.length} values` });
    if ((dtype === 'int64') !== data instanceof Int32Array) problems.push({ where: name, text: `${dtype} values come in the wrong array` });
  }
  if (problems.length > 0) throw new RootstockError('INTERNAL', composeMessage('These weights cannot be written.', problems));
}
