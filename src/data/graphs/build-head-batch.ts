import type { GraphHead, NeighbourPlan } from '../../contracts/graphs.ts';
import type { GraphDataset, RaggedTargets } from '../dataset.ts';
import { takeRows } from '../float-rows.ts';
import { once } from '../once.ts';
import { copyLines, countLines } from '../ragged-lines.ts';
import { buildGraphBatch } from './build-graph-batch.ts';
import type { HostGraphBatch, HostSegments } from './graph-batch.ts';

/** No two atoms are at one place (the data is checked for it), so that nobody has a neighbour. */
const NO_EDGES: NeighbourPlan = { cutOff: 0, selfInteraction: false, cell: null };

/**
 * Joins molecules without their edges, for heads that read none: the values of `buildGraphBatch` where nobody has a neighbour, bonds and
 * targets of edges left out. Each part is made when it is first read, because most are never read, so that the batch belongs to this
 * thread; `rows` stay as they are until then. Takes molecules that were joined before: whether targets fit is not checked again.
 */
export function buildHeadBatch(dataset: GraphDataset, rows: ArrayLike<number>): HostGraphBatch {
  const { graphAttrWidth, totalAtomicEnergy: energies, targets: all } = dataset;
  const numNodes = countLines(dataset.nodeOffsets, rows);
  const nodes = once(() => buildGraphBatch({ ...dataset, bonds: null, targets: {} }, rows, NO_EDGES));
  const batch = once(() => moleculeOfAtoms(dataset.nodeOffsets, rows, numNodes));
  const sizes = once(() => sizesOf(batch().offsets));
  const graphAttrs = once(() => (graphAttrWidth === 0 ? null : takeRows(dataset.graphAttrs, rows, graphAttrWidth)));
  const totalAtomicEnergy = once(() => (energies === null ? null : takeRows(energies, rows, 1)));
  const targets = once(() => joinTargets(all, rows));
  return {
    numGraphs: rows.length,
    numNodes,
    numEdges: 0,
    get nodeAttrs() {
      return nodes().nodeAttrs;
    },
    nodeWidth: dataset.numElements + dataset.nodeAttrWidth,
    get coordinates() {
      return nodes().coordinates;
    },
    get edgeIndex() {
      return nodes().edgeIndex;
    },
    get batch() {
      return batch();
    },
    get nodesPerGraph() {
      return sizes();
    },
    cellShifts: null,
    edgeAttrs: null,
    edgeWidth: 0,
    get graphAttrs() {
      return graphAttrs();
    },
    graphWidth: graphAttrWidth,
    get totalAtomicEnergy() {
      return totalAtomicEnergy();
    },
    get targets() {
      return targets();
    },
  };
}

/** Atoms are sorted by molecule already. */
function moleculeOfAtoms(nodeOffsets: Uint32Array, rows: ArrayLike<number>, numNodes: number): HostSegments {
  const index = new Int32Array(numNodes);
  const offsets = new Int32Array(rows.length + 1);
  for (let graph = 0; graph < rows.length; graph += 1) {
    const row = rows[graph] as number;
    const first = offsets[graph] as number;
    const end = first + (nodeOffsets[row + 1] as number) - (nodeOffsets[row] as number);
    for (let atom = first; atom < end; atom += 1) index[atom] = graph;
    offsets[graph + 1] = end;
  }
  return { index, count: rows.length, offsets, order: null };
}

function sizesOf(offsets: Int32Array): Float32Array {
  const sizes = new Float32Array(offsets.length - 1);
  for (let graph = 0; graph < sizes.length; graph += 1) sizes[graph] = (offsets[graph + 1] as number) - (offsets[graph] as number);
  return sizes;
}

function joinTargets(all: GraphDataset['targets'], rows: ArrayLike<number>): HostGraphBatch['targets'] {
  const join = (targets: RaggedTargets) => {
    const values = new Float32Array(countLines(targets.offsets, rows) * targets.width);
    copyLines(targets, rows, values);
    return { values, width: targets.width };
  };
  const heads = Object.keys(all).filter((head) => !head.startsWith('y_edge')) as GraphHead[];
  return Object.fromEntries(heads.map((head) => [head, join(all[head] as RaggedTargets)]));
}
