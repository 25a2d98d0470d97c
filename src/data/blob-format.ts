/**
 * The materialised encoding of one split. Little-endian, one contiguous run per column group, self-describing by its footer:
 *
 *     0    8 bytes   "ROOTDATA"
 *     8    uint32    version 1
 *     12   uint32    0
 *     16   float32   x, [rows, W] row-major, columns in the order of x_features
 *     ..   float32   y, [rows, T] of a regressor, or int32 class indices [rows]
 *     ..             zeros up to a multiple of 8
 *     ..   int64     row ids [rows], or uint32 byte lengths [rows] followed by the ids' UTF-8
 *     ..   JSON      the footer, canonical
 *     end-16 uint32  the footer's length in bytes
 *     end-12 uint32  0
 *     end-8  8 bytes "ROOTDATA"
 *
 * The description comes last so that rows can be written as they are read. Equal values give equal bytes: nothing about files,
 * formats, column types or time is in it.
 */
export const MAGIC = 'ROOTDATA';

/** Version of the encoding; a reader refuses others. */
export const BLOB_VERSION = 1;

/** Bytes before x, and after the footer. */
export const EDGE_BYTES = 16;

/** What the blob holds. Offsets and lengths are in bytes. */
export type BlobFooter = {
  readonly format: 'rootstock-data';
  readonly version: number;
  readonly rows: number;
  /** Values per row over all x columns. */
  readonly width: number;
  readonly columns: readonly BlobColumn[];
  readonly targets: BlobTargets;
  readonly row_ids: 'int64' | 'text';
  readonly sections: { readonly x: BlobSection; readonly y: BlobSection; readonly row_ids: BlobSection };
};

/** An x column: its name and values per row. */
export type BlobColumn = {
  readonly name: string;
  readonly width: number;
  readonly dtype: 'float32';
};

/** The y columns. `classes[i]` is the label of class index i. */
export type BlobTargets =
  | { readonly kind: 'values'; readonly names: readonly string[]; readonly dtype: 'float32' }
  | {
      readonly kind: 'classes';
      readonly names: readonly string[];
      readonly dtype: 'int32';
      readonly classes: readonly (string | number)[];
    };

/** Where a section is. */
export type BlobSection = {
  readonly offset: number;
  readonly length: number;
};

/** Reads of a blob; `artifacts`' BlobReader fits. */
export interface ReadableBlob {
  readonly byteLength: number;
  /** Fills `into` from `offset`. */
  read(offset: number, into: Uint8Array): Promise<void>;
}

/** The bytes of the first edge, or of the last one with the footer's length. */
export function edge(kind: 'head' | 'tail', value: number): Uint8Array {
  const bytes = new Uint8Array(EDGE_BYTES);
  const numberAt = kind === 'head' ? 8 : 0;
  bytes.set(new TextEncoder().encode(MAGIC), kind === 'head' ? 0 : 8);
  new DataView(bytes.buffer).setUint32(numberAt, value, true);
  return bytes;
}
