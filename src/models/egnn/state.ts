import type { Tensor } from '@tensorflow/tfjs-core';
import type { Ops } from '../../ops/ops.ts';
import type { GraphBatch } from '../definition.ts';

/** What flows from block to block. N atoms, E edges, c = c_hidden. */
export interface EgnnState {
  /** [N, c] */
  readonly nodeFeats: Tensor;
  /** [E, c], or null without bond features. */
  readonly edgeFeats: Tensor | null;
  /** [N, 3] */
  readonly coordinates: Tensor;
  /** [E, 3] r_j - r_i, across a periodic boundary where it is shorter. */
  readonly vectors: Tensor;
  /** [E, 1] */
  readonly distances: Tensor;
}

/** What the heads read of it. */
export type EgnnFeatures = Pick<EgnnState, 'nodeFeats' | 'edgeFeats'>;

/** Coordinates with the vectors and distances that follow from them. */
export function placeAtoms(ops: Ops, coordinates: Tensor, graphs: GraphBatch): Pick<EgnnState, 'coordinates' | 'vectors' | 'distances'> {
  const vectors = ops.edgeVectors(coordinates, graphs.edgeIndex, graphs.cellShifts);
  return { coordinates, vectors, distances: ops.lengths(vectors) };
}
