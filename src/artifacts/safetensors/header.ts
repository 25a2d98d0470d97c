import { composeMessage, type Problem, RootstockError } from '../../errors.ts';
import { parseStrictJson, type StrictJson } from './strict-json.ts';

/** Bytes per element of every dtype that the format knows (safetensors 0.4). */
const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
} as const;

/** Element type in a file. */
export type FileDType = keyof typeof DTYPE_BYTES;

/** One tensor of a file. `begin` is its first byte counted from the start of the file. */
export interface FileTensor {
  readonly path: string;
  readonly shape: readonly number[];
  readonly dtype: FileDType;
  readonly begin: number;
  readonly byteLength: number;
  readonly elements: number;
}

/** A checked header: the tensors lie one behind the other, without gap or overlap, up to the end of the file. Order of the file's bytes. */
export interface SafetensorsHeader {
  readonly tensors: readonly FileTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Limits of a header (reliability rules, "Formats"). */
export const MAX_HEADER_BYTES = 16 * 1024 * 1024;
const MAX_TENSORS = 100_000;
const MAX_NAME_BYTES = 512;
const MAX_RANK = 32;

/**
 * Parses and checks a header. `bytes` are the JSON between the length field and the data, `fileBytes` the length of the whole file,
 * `where` names it in messages. Lists every problem (CHECKPOINT_INVALID).
 */
export function parseHeader(bytes: Uint8Array, fileBytes: number, where: string): SafetensorsHeader {
  const root = parseStrictJson(decodeText(bytes, where), where);
  if (root.kind !== 'object') throw invalid(where, [{ where: '', text: 'the header is not a JSON object' }]);
  const names = [...root.members.keys()].filter((name) => name !== '__metadata__');
  if (names.length > MAX_TENSORS) {
    throw invalid(where, [{ where: '', text: `the header names ${names.length} tensors; at most ${MAX_TENSORS} are read` }]);
  }
  const problems: Problem[] = [];
  const metadata = readMetadata(root.members.get('__metadata__'), problems);
  const dataStart = 8 + bytes.byteLength;
  const tensors: FileTensor[] = [];
  for (const name of names) {
    const tensor = readTensor(name, root.members.get(name), { dataStart, problems });
    if (tensor !== undefined) tensors.push(tensor);
  }
  if (problems.length === 0) problems.push(...checkLayout(tensors, dataStart, fileBytes));
  if (problems.length > 0) throw invalid(where, problems);
  return { tensors, metadata };
}

/** Builds the error of a file that is not what it says. */
export function invalid(where: string, problems: readonly Problem[]): RootstockError {
  return new RootstockError('CHECKPOINT_INVALID', composeMessage(`${where} is not a valid safetensors file.`, problems), { file: where });
}

/** What is wrong with a tensor name; undefined when nothing is. */
export function findNameProblem(name: string): string | undefined {
  if (name === '') return 'a tensor has an empty name';
  if (Buffer.byteLength(name, 'utf8') > MAX_NAME_BYTES) return `the name is longer than ${MAX_NAME_BYTES} bytes`;
  if (/\p{Cc}/u.test(name)) return 'the name has control characters';
  if (/\p{Cs}/u.test(name)) return 'the name is not valid Unicode';
  return undefined;
}

function decodeText(bytes: Uint8Array, where: string): string {
  if (bytes.byteLength === 0) throw invalid(where, [{ where: '', text: 'the header is empty' }]);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid(where, [{ where: '', text: 'the header is not valid UTF-8' }]);
  }
}

function readMetadata(value: StrictJson | undefined, problems: Problem[]): Readonly<Record<string, string>> {
  const metadata = Object.create(null) as Record<string, string>;
  if (value === undefined) return metadata;
  if (value.kind !== 'object') problems.push({ where: '__metadata__', text: 'is not an object' });
  else {
    for (const [key, text] of value.members) {
      if (text.kind === 'string') metadata[key] = text.value;
      else problems.push({ where: `__metadata__.${show(key)}`, text: `is a ${text.kind}, expected a string` });
    }
  }
  return metadata;
}

function readTensor(
  path: string,
  value: StrictJson | undefined,
  context: { readonly dataStart: number; readonly problems: Problem[] },
): FileTensor | undefined {
  const fail = (text: string): undefined => {
    context.problems.push({ where: show(path), text });
    return undefined;
  };
  const nameProblem = findNameProblem(path);
  if (nameProblem !== undefined) return fail(nameProblem);
  if (value?.kind !== 'object') return fail('its entry is not an object');
  const extra = [...value.members.keys()].find((key) => !['dtype', 'shape', 'data_offsets'].includes(key));
  if (extra !== undefined) return fail(`its entry has the unknown key "${show(extra)}"`);
  const dtype = value.members.get('dtype');
  if (dtype?.kind !== 'string') return fail('has no dtype');
  if (!isFileDType(dtype.value)) return fail(`has the unknown dtype "${show(dtype.value)}"`);
  const shape = readCounts(value.members.get('shape'));
  if (typeof shape === 'string') return fail(`shape ${shape}`);
  if (shape.length > MAX_RANK) return fail(`shape has ${shape.length} dimensions; at most ${MAX_RANK} are read`);
  const offsets = readCounts(value.members.get('data_offsets'));
  if (typeof offsets === 'string') return fail(`data_offsets ${offsets}`);
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined || offsets.length !== 2)
    return fail(`data_offsets has ${offsets.length} numbers, expected 2`);
  if (end < begin) return fail(`data_offsets end (${end}) before they begin (${begin})`);
  const elements = shape.reduce((product, size) => product * BigInt(size), 1n);
  const expected = elements * BigInt(DTYPE_BYTES[dtype.value]);
  if (expected !== BigInt(end - begin)) {
    return fail(`shape [${shape.join(', ')}] of ${dtype.value} takes ${expected} bytes, but data_offsets hold ${end - begin}`);
  }
  return { path, shape, dtype: dtype.value, begin: context.dataStart + begin, byteLength: end - begin, elements: Number(elements) };
}

/** Reads a list of whole numbers; a text says what is wrong. */
function readCounts(value: StrictJson | undefined): readonly number[] | string {
  if (value?.kind !== 'array') return 'is not a list of numbers';
  const numbers: number[] = [];
  for (const item of value.items) {
    if (item.kind !== 'number') return `holds a ${item.kind}, expected whole numbers`;
    if (item.text.startsWith('-')) return `holds the negative number ${show(item.text)}`;
    if (!/^\d+$/.test(item.text)) return `holds ${show(item.text)}, expected whole numbers`;
    if (!Number.isSafeInteger(Number(item.text))) return `holds ${show(item.text)}, which is above 2^53 - 1`;
    numbers.push(Number(item.text));
  }
  return numbers;
}

/** Sorts the tensors by their bytes and checks that these are one behind the other, from the first byte of the data to the last of the file. */
function checkLayout(tensors: FileTensor[], dataStart: number, fileBytes: number): readonly Problem[] {
  const problems: Problem[] = [];
  tensors.sort((left, right) => left.begin - right.begin || left.byteLength - right.byteLength);
  let at = dataStart;
  let before = 'the start of the data';
  for (const { path, begin, byteLength } of tensors) {
    if (begin > at) problems.push({ where: show(path), text: `leaves a gap of ${begin - at} bytes after ${before}` });
    if (begin < at) problems.push({ where: show(path), text: `overlaps ${before} by ${at - begin} bytes` });
    at = Math.max(at, begin + byteLength);
    before = show(path);
  }
  if (at > fileBytes) problems.push({ where: '', text: `the file is truncated: its tensors need ${at} bytes, it has ${fileBytes}` });
  if (at < fileBytes) problems.push({ where: '', text: `the file has ${fileBytes - at} bytes after its last tensor` });
  return problems;
}

function isFileDType(text: string): text is FileDType {
  return Object.hasOwn(DTYPE_BYTES, text);
}

/** Makes a text from a hostile file fit to print: short, on one line, without control characters. */
function show(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}...` : text)
    .slice(1, -1)
    .replaceAll(/[\u007f-\u009f\u2028\u2029]/g, '?');
}
