import type { GraphHead } from '../../contracts/graphs.ts';

/** A batch of G molecules on the host: N atoms, E directed edges. `GraphBatch` of src/models/definition.ts is the same on the device. */
export interface HostGraphBatch {
  readonly numGraphs: number;
  readonly numNodes: number;
  readonly numEdges: number;
  /** [N, nodeWidth]: one-hot atom numbers, then further features. */
  readonly nodeAttrs: Float32Array;
  readonly nodeWidth: number;
  /** [N, 3] Angstrom. */
  readonly coordinates: Float32Array;
  /** Sorted by the first row of edge_index, then the second. */
  readonly edgeIndex: readonly [HostSegments, HostSegments];
  readonly batch: HostSegments;
  /** [G] */
  readonly nodesPerGraph: Float32Array;
  /** [E, 3] Angstrom, or null without a cell. */
  readonly cellShifts: Float32Array | null;
  /** [E, edgeWidth], or null without bond features. */
  readonly edgeAttrs: Float32Array | null;
  readonly edgeWidth: number;
  /** [G, graphWidth], or null. */
  readonly graphAttrs: Float32Array | null;
  readonly graphWidth: number;
  /** [G], or null. */
  readonly totalAtomicEnergy: Float32Array | null;
  /** [lines, width] by head; lines are molecules, atoms or edges. */
  readonly targets: Readonly<Partial<Record<GraphHead, { readonly values: Float32Array; readonly width: number }>>>;
}

/** `Segments` of src/ops/segments.ts on the host. */
export interface HostSegments {
  /** [E] */
  readonly index: Int32Array;
  readonly count: number;
  /** [count + 1] */
  readonly offsets: Int32Array;
  /** [E], or null when the entries are sorted already. */
  readonly order: Int32Array | null;
}
