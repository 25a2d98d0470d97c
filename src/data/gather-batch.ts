import type { FeatureDataset } from './dataset.ts';

/** Some rows of a dataset, copied out. B: rows asked for, W: values per row, T: y columns. */
export interface Batch {
  /** [B, W] */
  readonly x: Float32Array;
  /** [B, T] of a regressor, or [B] class indices of a classifier. */
  readonly y: Float32Array | Int32Array;
  readonly rowIds: readonly string[];
}

/** Copies rows out of a dataset in the order given; a row may come twice. `rows` are indices below `dataset.rows`, else a RangeError. */
export function gatherBatch(dataset: FeatureDataset, rows: Uint32Array | readonly number[]): Batch {
  const { x, y, width } = dataset;
  const targetWidth = dataset.rows === 0 ? 0 : y.length / dataset.rows;
  const batchX = new Float32Array(rows.length * width); // [B, W]
  const batchY = y instanceof Int32Array ? new Int32Array(rows.length * targetWidth) : new Float32Array(rows.length * targetWidth); // [B, T]
  const rowIds: string[] = [];
  for (const [at, row] of rows.entries()) {
    if (!(row >= 0 && row < dataset.rows)) throw new RangeError(`row ${row} of ${dataset.rows}`);
    batchX.set(x.subarray(row * width, (row + 1) * width), at * width);
    batchY.set(y.subarray(row * targetWidth, (row + 1) * targetWidth), at * targetWidth);
    rowIds.push(dataset.rowId(row));
  }
  return { x: batchX, y: batchY, rowIds };
}
