/** A materialised split in memory. W: values per row over all x columns. T: number of y columns. Row-major. */
export interface Dataset {
  readonly rows: number;
  readonly width: number;
  /** [rows, W] in the order of x_features. */
  readonly x: Float32Array;
  /** [rows, T] of a regressor, or [rows] class indices of a classifier; empty for predict without labels. */
  readonly y: Float32Array | Int32Array;
  readonly targetWidth: number;
  /** The row's id as text; what the sample log shows. */
  rowId(row: number): string;
}
