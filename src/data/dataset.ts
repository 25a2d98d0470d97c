import type { GraphHead } from '../contracts/graphs.ts';
import type { RaggedLines } from './ragged-lines.ts';

/** A materialised split in memory. */
export type Dataset = FeatureDataset | GraphDataset;

/** Rows of numbers. W: values per row over all x columns. T: number of y columns. Row-major. */
export interface FeatureDataset {
  readonly kind: 'features';
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

/** Molecules: one per row, N atoms and M bonds in all. Row-major. */
export interface GraphDataset {
  readonly kind: 'graphs';
  readonly rows: number;
  /** [rows + 1]: the atoms of row r are nodeOffsets[r] .. nodeOffsets[r + 1] - 1. */
  readonly nodeOffsets: Uint32Array;
  /** [N] classes, 0 .. numElements - 1. */
  readonly atomNumbers: Int32Array;
  /** Width of the one-hot classes. */
  readonly numElements: number;
  /** [N, 3] Angstrom. */
  readonly coordinates: Float32Array;
  /** [N, nodeAttrWidth] */
  readonly nodeAttrs: Float32Array;
  readonly nodeAttrWidth: number;
  /** Bonds with features; null when the model reads none. */
  readonly bonds: BondColumns | null;
  /** [rows, graphAttrWidth] */
  readonly graphAttrs: Float32Array;
  readonly graphAttrWidth: number;
  /** [rows], or null when the model reads none. */
  readonly totalAtomicEnergy: Float32Array | null;
  /** NaN where a target is missing. Empty for predict. */
  readonly targets: Readonly<Partial<Record<GraphHead, RaggedTargets>>>;
  rowId(row: number): string;
}

/** Pairs of atoms with features, each bond once. */
export interface BondColumns {
  /** [rows + 1] */
  readonly offsets: Uint32Array;
  /** [M, 2] atoms of the row, counted from 0. */
  readonly pairs: Uint32Array;
  /** [M, width] */
  readonly attrs: Float32Array;
  readonly width: number;
}

/** Targets of a head: one line per molecule, atom or edge. */
export type RaggedTargets = RaggedLines;
