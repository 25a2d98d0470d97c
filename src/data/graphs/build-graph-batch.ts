import type { GraphHead, NeighbourPlan } from '../../contracts/graphs.ts';
import { RootstockError } from '../../errors.ts';
import type { BondColumns, GraphDataset, RaggedTargets } from '../dataset.ts';
import { concatenate, takeRows } from '../float-rows.ts';
import type { HostGraphBatch } from './graph-batch.ts';
import { edgesOf, type MoleculeEdges } from './molecule-edges.ts';
import { segmentsOf } from './segments-of.ts';

/**
 * Joins molecules into one graph, with the edges within cut_off. `rows` are positions in the dataset, in batch order. A node's values are
 * its one-hot class, then its features; an edge has a bond's features, in both directions, or zeros; features of a bond listed twice are
 * added up, as physicsml does. Errors: MOLECULE_INVALID for a bond outside cut_off or a class that is none, COLUMN_RAGGED when a molecule
 * has another number of edge targets than edges. Both name the row.
 */
export function buildGraphBatch(dataset: GraphDataset, rows: ArrayLike<number>, neighbours: NeighbourPlan): HostGraphBatch {
  const molecules = placeMolecules(dataset, rows, neighbours);
  const { numNodes, numEdges } = molecules;
  const nodes = joinNodes(dataset, molecules);
  const edges = joinEdges(molecules);
  const graphAttrs = dataset.graphAttrWidth === 0 ? null : takeRows(dataset.graphAttrs, rows, dataset.graphAttrWidth);
  return {
    numGraphs: rows.length,
    numNodes,
    numEdges,
    nodeAttrs: nodes.attrs,
    nodeWidth: nodes.width,
    coordinates: nodes.coordinates,
    edgeIndex: [segmentsOf(edges.first, numNodes), segmentsOf(edges.second, numNodes)],
    batch: segmentsOf(nodes.batch, rows.length),
    nodesPerGraph: Float32Array.from(molecules.list, ({ atoms }) => atoms),
    cellShifts: edges.shifts,
    edgeAttrs: dataset.bonds === null ? null : joinBonds(dataset.bonds, molecules),
    edgeWidth: dataset.bonds?.width ?? 0,
    graphAttrs,
    graphWidth: dataset.graphAttrWidth,
    totalAtomicEnergy: dataset.totalAtomicEnergy === null ? null : takeRows(dataset.totalAtomicEnergy, rows, 1),
    targets: joinTargets(dataset, molecules),
  };
}

interface PlacedMolecule {
  readonly row: number;
  readonly atoms: number;
  /** First atom in the dataset, and in the batch. */
  readonly sourceNode: number;
  readonly firstNode: number;
  readonly edges: MoleculeEdges;
  /** First edge in the batch. */
  readonly firstEdge: number;
}

interface PlacedMolecules {
  readonly list: readonly PlacedMolecule[];
  readonly numNodes: number;
  readonly numEdges: number;
  readonly isPeriodic: boolean;
}

function placeMolecules(dataset: GraphDataset, rows: ArrayLike<number>, neighbours: NeighbourPlan): PlacedMolecules {
  const find = edgesOf(dataset, neighbours);
  let [numNodes, numEdges] = [0, 0];
  const list = Array.from(rows, (row): PlacedMolecule => {
    const sourceNode = dataset.nodeOffsets[row] as number;
    const edges = find(row);
    const placed = {
      row,
      atoms: (dataset.nodeOffsets[row + 1] as number) - sourceNode,
      sourceNode,
      firstNode: numNodes,
      edges,
      firstEdge: numEdges,
    };
    numNodes += placed.atoms;
    numEdges += edges.count;
    return placed;
  });
  return { list, numNodes, numEdges, isPeriodic: neighbours.cell !== null };
}

function joinNodes(dataset: GraphDataset, { list, numNodes }: PlacedMolecules) {
  const { numElements, nodeAttrWidth } = dataset;
  const width = numElements + nodeAttrWidth;
  const attrs = new Float32Array(numNodes * width);
  const coordinates = new Float32Array(numNodes * 3);
  const batch = new Int32Array(numNodes);
  for (const [graph, { row, atoms, sourceNode, firstNode }] of list.entries()) {
    coordinates.set(dataset.coordinates.subarray(3 * sourceNode, 3 * (sourceNode + atoms)), 3 * firstNode);
    batch.fill(graph, firstNode, firstNode + atoms);
    for (let atom = 0; atom < atoms; atom++) {
      const source = sourceNode + atom;
      const number = dataset.atomNumbers[source] as number;
      if (!(number >= 0 && number < numElements)) throw wrongClass(dataset.rowId(row), { number, numElements });
      const at = (firstNode + atom) * width;
      attrs[at + number] = 1;
      if (nodeAttrWidth > 0) attrs.set(dataset.nodeAttrs.subarray(source * nodeAttrWidth, (source + 1) * nodeAttrWidth), at + numElements);
    }
  }
  return { attrs, width, coordinates, batch };
}

function joinEdges({ list, numEdges, isPeriodic }: PlacedMolecules) {
  const first = new Int32Array(numEdges);
  const second = new Int32Array(numEdges);
  const shifts = isPeriodic ? new Float32Array(numEdges * 3) : null;
  for (const { edges, firstNode, firstEdge } of list) {
    // A loop of its own: with what follows it in one function, V8 takes back what it has compiled of it whenever the loop ends.
    placeAtoms(edges.first, { to: first, firstEdge, firstNode });
    placeAtoms(edges.second, { to: second, firstEdge, firstNode });
    if (edges.shifts !== null) shifts?.set(edges.shifts, 3 * firstEdge);
  }
  return { first, second, shifts };
}

/** Writes the atoms of a molecule's edges as nodes of the batch. */
function placeAtoms(
  atoms: MoleculeEdges['first'],
  { to, firstEdge, firstNode }: { readonly to: Int32Array; readonly firstEdge: number; readonly firstNode: number },
): void {
  for (let edge = 0; edge < atoms.length; edge++) to[firstEdge + edge] = firstNode + (atoms[edge] as number);
}

function joinBonds(bonds: BondColumns, { list, numEdges }: PlacedMolecules): Float32Array {
  const { width } = bonds;
  const attrs = new Float32Array(numEdges * width);
  for (const { row, edges, firstEdge } of list) {
    const firstBond = bonds.offsets[row] as number;
    edges.bondEdges?.forEach((edge, at) => {
      const source = (firstBond + (at >> 1)) * width;
      const target = (firstEdge + edge) * width;
      for (let k = 0; k < width; k++) attrs[target + k] = (attrs[target + k] as number) + (bonds.attrs[source + k] as number);
    });
  }
  return attrs;
}

function joinTargets(dataset: GraphDataset, { list }: PlacedMolecules): HostGraphBatch['targets'] {
  const join = (head: GraphHead, targets: RaggedTargets) => {
    const parts = list.map((molecule) => {
      const [start, end] = [targets.offsets[molecule.row] as number, targets.offsets[molecule.row + 1] as number];
      const wanted = linesOf(head, molecule);
      if (end - start !== wanted) throw wrongLines(dataset.rowId(molecule.row), { head, wanted, found: end - start });
      return targets.values.subarray(start * targets.width, end * targets.width);
    });
    return { values: concatenate(parts), width: targets.width };
  };
  return Object.fromEntries(Object.entries(dataset.targets).map(([head, targets]) => [head, join(head as GraphHead, targets)]));
}

function linesOf(head: GraphHead, { atoms, edges }: PlacedMolecule): number {
  if (head.startsWith('y_graph')) return 1;
  return head.startsWith('y_node') ? atoms : edges.count;
}

function wrongClass(id: string, { number, numElements }: { readonly number: number; readonly numElements: number }): RootstockError {
  return new RootstockError(
    'MOLECULE_INVALID',
    `Molecule "${id}": expected atom numbers 0 .. ${numElements - 1} (num_elements: ${numElements}), received ${number}.\nFix: map atomic numbers to classes, or raise datamodule.num_elements.`,
    { row: id, number, numElements },
  );
}

interface WrongLines {
  readonly head: GraphHead;
  readonly wanted: number;
  readonly found: number;
}

function wrongLines(id: string, { head, wanted, found }: WrongLines): RootstockError {
  const what = head.startsWith('y_edge') ? 'edges within cut_off' : 'atoms';
  return new RootstockError(
    'COLUMN_RAGGED',
    `Molecule "${id}": ${head} has ${found} targets for ${wanted} ${what}.\nFix: give each one a target; a stage that changes cut_off or self_interaction changes the edges.`,
    { row: id, head, wanted, found },
  );
}
