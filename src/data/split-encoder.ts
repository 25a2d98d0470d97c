import type { SplitFacts } from '../contracts/plan.ts';
import { BLOB_VERSION, type BlobColumn, type BlobFooter, type BlobTargets, EDGE_BYTES, edge } from './blob-format.ts';
import { collectRowIds, writeFooter } from './blob-tail.ts';
import { type ByteSink, bytesOf, CHUNK_BYTES, createHashedOutput } from './hashed-output.ts';

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

/** Creates an encoder that writes the format of `blob-format.ts` to a sink and takes its SHA-256 on the way. */
export function createSplitEncoder(sink: ByteSink): SplitEncoder {
  const output = createHashedOutput(sink);
  const targets: (Float32Array | Int32Array)[] = [];
  const ids = collectRowIds();
  let rows = 0;
  output.add(edge('head', BLOB_VERSION));
  return {
    append: async ({ x, y, ids: newIds }) => {
      rows += newIds.length;
      targets.push(y);
      ids.add(newIds);
      output.add(bytesOf(x));
      await output.flush(CHUNK_BYTES);
    },
    finish: async ({ columns, targets: described, classOfCode, idKind }) => {
      const xLength = output.byteLength() - EDGE_BYTES;
      const yStart = output.byteLength();
      for (const part of targets) output.add(bytesOf(classOfCode === null ? part : part.map((code) => classOfCode[code] ?? -1)));
      const yLength = output.byteLength() - yStart;
      const rowIds = ids.writeTo(output);
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
          row_ids: rowIds,
        },
      };
      return { rows, ...(await writeFooter(output, footer)) };
    },
  };
}
