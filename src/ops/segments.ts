import type { Tensor } from '@tensorflow/tfjs-core';

/** A map from E entries to n rows (the atom of each edge, the molecule of each atom), with what a fast sum over equal rows needs. */
export interface Segments {
  /** [E] int32, 0 .. count - 1. */
  readonly index: Tensor;
  /** n: rows there are; some may have no entry. */
  readonly count: number;
  /** [n + 1] int32: the entries of row s are order[offsets[s]] .. order[offsets[s + 1] - 1]. */
  readonly offsets: Tensor;
  /** [E] int32, ascending within a row; null when the entries are sorted by row already, so that order[k] = k. */
  readonly order: Tensor | null;
}
