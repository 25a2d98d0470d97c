/** One batch of results of one head on the host. B rows (molecules, atoms or edges for a molecule model), K classes or T targets, row-major. */
export interface MetricBatch {
  readonly rows: number;
  /** Mean loss over the rows. */
  readonly loss: number;
  /** Logits [B, K] of a classifier, values [B, T] of a regressor. May be empty when only the loss is asked for. */
  readonly outputs: Float32Array;
  /** Class indices [B], or values [B, T], NaN where one is missing. May be empty when only the loss is asked for. */
  readonly targets: Float32Array | Int32Array;
}

/** What a model is for. */
export type Task = 'regression' | 'classification';

/**
 * One metric as a running sum: float64, row by row in the order given, so equal rows give equal bits whatever the batch size
 * (the loss, which arrives as a mean per batch, excepted). `sums` starts empty and is all there is to save.
 */
export interface Metric {
  readonly name: string;
  readonly tasks: readonly Task[];
  /** False when `rows` and `loss` are enough. */
  readonly needsOutputs: boolean;
  /** Adds a batch into `sums`. */
  add(sums: number[], batch: MetricBatch): void;
  /** The value over all rows so far; NaN without rows. */
  value(sums: readonly number[]): number;
}

/** Reads a sum that may not be there yet as 0. */
export function sumAt(sums: readonly number[], index: number): number {
  return sums[index] ?? 0;
}
