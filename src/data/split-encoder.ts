import { createHash } from 'node:crypto';
import { canonicalJson } from '../contracts/canonical-json.ts';
import type { SplitFacts } from '../contracts/plan.ts';
import { BLOB_VERSION, type BlobColumn, type BlobFooter, type BlobTargets, EDGE_BYTES, edge } from './blob-format.ts';

/** Where encoded bytes go. A chunk is never changed after it has been written. */
export interface ByteSink {
  write(chunk: Uint8Array): Promise<void>;
}

/** Rows to append. */
export interface EncodedRows {
  /** [n, W] row-major. Taken over: not to be changed afterwards. */
  readonly x: Float32Array;
  /** [n, T] values, or [n] label codes. */
  readonly y: Float32Array | Int32Array;
  readonly ids: readonly (bigint | string)[];
}

/** What is known only after the last row. */
export interface EncoderEnd {
  readonly columns: readonly BlobColumn[];
  readonly targets: BlobTargets;
  /** Class index of each label code; null for values. */
  readonly classOfCode: Int32Array | null;
  readonly idKind: 'int64' | 'text';
}

/** Encodes one split row by row: x goes out at once, targets and ids are kept until the end. */
export interface SplitEncoder {
  append(rows: EncodedRows): Promise<void>;
  finish(end: EncoderEnd): Promise<SplitFacts>;
}

const CHUNK_BYTES = 1 << 20;

/** Creates an encoder that writes the format of `blob-format.ts` to a sink and takes its SHA-256 on the way. */
export function createSplitEncoder(sink: ByteSink): SplitEncoder {
  const output = createOutput(sink);
  const targets: (Float32Array | Int32Array)[] = [];
  const ids: Uint8Array[] = [];
  const idLengths: Uint32Array[] = [];
  let rows = 0;
  output.add(edge('head', BLOB_VERSION));
  return {
    append: async ({ x, y, ids: newIds }) => {
      rows += newIds.length;
      targets.push(y);
      const packed = packIds(newIds);
      ids.push(packed.bytes);
      if (packed.lengths !== null) idLengths.push(packed.lengths);
      output.add(bytesOf(x));
      await output.flush(CHUNK_BYTES);
    },
    finish: async ({ columns, targets: described, classOfCode, idKind }) => {
      const xLength = output.byteLength() - EDGE_BYTES;
      const yStart = output.byteLength();
      for (const part of targets) output.add(bytesOf(classOfCode === null ? part : part.map((code) => classOfCode[code] ?? -1)));
      const yLength = output.byteLength() - yStart;
      output.add(new Uint8Array((8 - (output.byteLength() % 8)) % 8));
      const idStart = output.byteLength();
      for (const part of idLengths) output.add(bytesOf(part));
      for (const part of ids) output.add(part);
      const footer: BlobFooter = {
        format: 'rootstock-data',
        version: BLOB_VERSION,
        rows,
        width: columns.reduce((sum, { width }) => sum + width, 0),
        columns,
        targets: described,
        row_ids: idKind,
        sections: {
          x: { offset: EDGE_BYTES, length: xLength },
          y: { offset: yStart, length: yLength },
          row_ids: { offset: idStart, length: output.byteLength() - idStart },
        },
      };
      const text = new TextEncoder().encode(canonicalJson({ ...footer }));
      output.add(text);
      output.add(edge('tail', text.byteLength));
      await output.flush(0);
      return { rows, digest: output.digest(), byteLength: output.byteLength() };
    },
  };
}

interface Output {
  add(bytes: Uint8Array): void;
  /** Passes on what has been added, once it is at least that much. */
  flush(minimumBytes: number): Promise<void>;
  byteLength(): number;
  digest(): string;
}

function createOutput(sink: ByteSink): Output {
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
function packIds(ids: readonly (bigint | string)[]): { readonly bytes: Uint8Array; readonly lengths: Uint32Array | null } {
  if (ids.every((id) => typeof id === 'bigint')) return { bytes: bytesOf(BigInt64Array.from(ids)), lengths: null };
  const encoded = ids.map((id) => Buffer.from(String(id), 'utf8'));
  return { bytes: Buffer.concat(encoded), lengths: Uint32Array.from(encoded, ({ byteLength }) => byteLength) };
}

/** The bytes of a typed array. Node runs on little-endian machines only, so they are the format's. */
function bytesOf(array: Float32Array | Int32Array | Uint32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
