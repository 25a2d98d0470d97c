import { canonicalJson } from '../contracts/canonical-json.ts';
import type { Json } from '../contracts/json.ts';
import type { Ref } from '../contracts/refs.ts';
import { RootstockError } from '../errors.ts';
import type { ArtifactStore } from './store.ts';

/** V8 refuses longer strings; no document of ours comes near. */
const MAX_JSON_BYTES = 512 * 1024 * 1024;

/** Stores a JSON value in its canonical form: equal values have equal references. INTERNAL when something in it is not JSON. */
export async function putJson(store: ArtifactStore, value: object): Promise<Ref> {
  return store.put([toJsonBytes(value)]);
}

/** Reads a stored JSON value; `parse` turns it into what is expected, without it the type is taken on trust. */
export async function getJson<T>(store: ArtifactStore, ref: Ref, parse?: (value: Json) => T): Promise<T> {
  if (ref.byteLength > MAX_JSON_BYTES) throw new RootstockError('INTERNAL', `Artifact ${ref.digest} is too large to be a JSON document.`);
  const bytes = await readBlob(store, ref);
  const value = fromJsonBytes(bytes, `artifact ${ref.digest}`);
  return parse === undefined ? (value as T) : parse(value);
}

/** Reads a whole blob into memory. */
export async function readBlob(store: ArtifactStore, ref: Ref): Promise<Uint8Array> {
  const reader = await store.open(ref);
  try {
    const bytes = new Uint8Array(reader.byteLength);
    await reader.read(0, bytes);
    return bytes;
  } finally {
    await reader.close();
  }
}

/** Encodes a JSON value as canonical UTF-8. INTERNAL when something in it is not JSON (a Map, a typed array, NaN, undefined in an array). */
export function toJsonBytes(value: object): Uint8Array {
  const problem = findNonJson(value, '');
  if (problem !== undefined) throw new RootstockError('INTERNAL', `Cannot store a document: ${problem} is not JSON.`);
  return Buffer.from(canonicalJson(value as Json), 'utf8');
}

/** Decodes JSON bytes; `what` names them in the error (INTERNAL). */
export function fromJsonBytes(bytes: Uint8Array, what: string): Json {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Json;
  } catch (error) {
    throw new RootstockError('INTERNAL', `The ${what} is not a JSON document.`, {}, { cause: error });
  }
}

/** Names the first value that canonicalJson would write wrongly or not at all; undefined members of objects are left out by design. */
function findNonJson(value: unknown, path: string): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${path || 'the value'} (${value})`;
  if (Array.isArray(value)) return firstOf(value.map((item, index) => findNonJson(item, `${path}[${index}]`)));
  const prototype: unknown = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined;
  if (prototype !== Object.prototype && prototype !== null) return `${path || 'the value'} (${typeof value})`;
  const members = Object.entries(value as Record<string, unknown>).filter(([, item]) => item !== undefined);
  return firstOf(members.map(([key, item]) => findNonJson(item, path === '' ? key : `${path}.${key}`)));
}

function firstOf(problems: readonly (string | undefined)[]): string | undefined {
  return problems.find((problem) => problem !== undefined);
}
