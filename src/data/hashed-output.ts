import { createHash } from 'node:crypto';

/** Where encoded bytes go. A chunk is never changed after it has been written. */
export interface ByteSink {
  write(chunk: Uint8Array): Promise<void>;
}

/** Parts are joined into chunks of about this many bytes. */
export const CHUNK_BYTES = 1 << 20;

/** Bytes on their way to a sink, counted and digested. */
export interface HashedOutput {
  add(bytes: Uint8Array): void;
  /** Passes on what has been added, once it is at least that much. */
  flush(minimumBytes: number): Promise<void>;
  byteLength(): number;
  digest(): string;
}

/** Creates an output that takes the SHA-256 of what passes through. */
export function createHashedOutput(sink: ByteSink): HashedOutput {
  const hash = createHash('sha256');
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let total = 0;
  return {
    add: (bytes) => {
      waiting.push(bytes);
      waitingBytes += bytes.byteLength;
      total += bytes.byteLength;
    },
    flush: async (minimumBytes) => {
      if (waitingBytes === 0 || waitingBytes < minimumBytes) return;
      const parts = waiting;
      waiting = [];
      waitingBytes = 0;
      for (let start = 0; start < parts.length; ) {
        const { chunk, next } = gather(parts, start);
        start = next;
        hash.update(chunk);
        await sink.write(chunk);
      }
    },
    byteLength: () => total,
    digest: () => hash.digest('hex'),
  };
}

/** Joins small parts into chunks of about CHUNK_BYTES; a large part is passed on as it is. */
function gather(parts: readonly Uint8Array[], start: number): { readonly chunk: Uint8Array; readonly next: number } {
  let next = start;
  let size = 0;
  while (next < parts.length && (size === 0 || size + (parts[next]?.byteLength ?? 0) <= CHUNK_BYTES))
    size += parts[next++]?.byteLength ?? 0;
  const [first] = parts.slice(start, next);
  return { chunk: next === start + 1 && first !== undefined ? first : Buffer.concat(parts.slice(start, next)), next };
}

/** Integers as int64; text as UTF-8 with its lengths apart. All ids of a source are of one kind. */
export function packIds(ids: readonly (bigint | string)[]): { readonly bytes: Uint8Array; readonly lengths: Uint32Array | null } {
  if (ids.every((id) => typeof id === 'bigint')) return { bytes: bytesOf(BigInt64Array.from(ids)), lengths: null };
  const encoded = ids.map((id) => Buffer.from(String(id), 'utf8'));
  return { bytes: Buffer.concat(encoded), lengths: Uint32Array.from(encoded, ({ byteLength }) => byteLength) };
}

/** The bytes of a typed array. Node runs on little-endian machines only, so they are the format's. */
export function bytesOf(array: Float32Array | Int32Array | Uint32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
