import type { GraphHead, NeighbourPlan } from '../../contracts/graphs.ts';
import type { GraphDataset, RaggedTargets } from '../dataset.ts';
import { takeRows } from '../float-rows.ts';
import { lazyObject } from '../lazy-object.ts';
import { countLines, joinLines } from '../ragged-lines.ts';
import { buildGraphBatch } from './build-graph-batch.ts';
import type { HostGraphBatch, HostSegments } from './graph-batch.ts';

/** No two atoms are at one place (the data is checked for it), so that nobody has a neighbour. */
const NO_EDGES: NeighbourPlan = { cutOff: 0, selfInteraction: false, cell: null };

/**
 * Joins molecules without their edges, for heads that read none: the values of `buildGraphBatch` where nobody has a neighbour, bonds and
 * targets of edges left out. Each part is made when it is first read, because most are never read, so that the batch belongs to this
 * thread; `rows` stay as they are until then. Takes molecules that were joined before: whether targets fit is not checked again.
 */
export function headBatches(dataset: GraphDataset): (rows: ArrayLike<number>) => HostGraphBatch {
  // One for all batches: what is known of its molecules is kept with it.
  const atomsOnly = { ...dataset, bonds: null, targets: {} };
  const targets = (Object.entries(dataset.targets) as [GraphHead, RaggedTargets][]).filter(([head]) => !head.startsWith('y_edge'));
  return (rows) => headBatch({ dataset, atomsOnly, targets, rows, numNodes: countLines(dataset.nodeOffsets, rows), atoms: null });
}

interface Source {
  readonly dataset: GraphDataset;
  /** The same without bonds and targets. */
  readonly atomsOnly: GraphDataset;
  /** Those that a batch has, by head. */
  readonly targets: readonly (readonly [GraphHead, RaggedTargets])[];
  readonly rows: ArrayLike<number>;
  readonly numNodes: number;
  /** Atoms and places, once something of them was read. */
  atoms: HostGraphBatch | null;
}

const headBatch = lazyObject<Source, HostGraphBatch>({
  numGraphs: ({ rows }) => rows.length,
  numNodes: ({ numNodes }) => numNodes,
  numEdges: () => 0,
  nodeAttrs: (source) => atomsOf(source).nodeAttrs,
  nodeWidth: ({ dataset }) => dataset.numElements + dataset.nodeAttrWidth,
  coordinates: (source) => atomsOf(source).coordinates,
  edgeIndex: (source) => atomsOf(source).edgeIndex,
  batch: ({ dataset, rows, numNodes }) => moleculeOfAtoms(dataset.nodeOffsets, rows, numNodes),
  nodesPerGraph: (_, { batch }) => sizesOf(batch.offsets),
  cellShifts: () => null,
  edgeAttrs: () => null,
  edgeWidth: () => 0,
  graphAttrs: ({ dataset, rows }) => (dataset.graphAttrWidth === 0 ? null : takeRows(dataset.graphAttrs, rows, dataset.graphAttrWidth)),
  graphWidth: ({ dataset }) => dataset.graphAttrWidth,
  totalAtomicEnergy: ({ dataset, rows }) => (dataset.totalAtomicEnergy === null ? null : takeRows(dataset.totalAtomicEnergy, rows, 1)),
  targets: ({ targets, rows }) => joinTargets(targets, rows),
});

function atomsOf(source: Source): HostGraphBatch {
  source.atoms ??= buildGraphBatch(source.atomsOnly, source.rows, NO_EDGES);
  return source.atoms;
}

/** Atoms are sorted by molecule already. */
function moleculeOfAtoms(nodeOffsets: Uint32Array, rows: ArrayLike<number>, numNodes: number): HostSegments {
  const index = new Int32Array(numNodes);
  const offsets = new Int32Array(rows.length + 1);
  for (let graph = 0; graph < rows.length; graph += 1) {
    const row = rows[graph] as number;
    const first = offsets[graph] as number;
    const end = first + (nodeOffsets[row + 1] as number) - (nodeOffsets[row] as number);
    // A loop, because a molecule has so few atoms that a call of fill() takes longer.
    for (let node = first; node < end; node += 1) index[node] = graph;
    offsets[graph + 1] = end;
  }
  return { index, count: rows.length, offsets, order: null };
}

function sizesOf(offsets: Int32Array): Float32Array {
  const sizes = new Float32Array(offsets.length - 1);
  for (let graph = 0; graph < sizes.length; graph += 1) sizes[graph] = (offsets[graph + 1] as number) - (offsets[graph] as number);
  return sizes;
}

function joinTargets(all: Source['targets'], rows: ArrayLike<number>): HostGraphBatch['targets'] {
  const joined: { [Head in GraphHead]?: { readonly values: Float32Array; readonly width: number } } = {};
  for (const [head, targets] of all) joined[head] = { values: joinLines(targets, rows), width: targets.width };
  return joined;
}
