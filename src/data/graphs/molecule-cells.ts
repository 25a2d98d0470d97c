import { GRAPH_HEADS, type GraphColumns, type GraphHead } from '../../contracts/graphs.ts';

/** What a column of a table of molecules is read as. */
export type CellRole =
  | 'atomNumbers'
  | 'coordinates'
  | 'nodeAttrs'
  | 'edgeIdxs'
  | 'edgeAttrs'
  | 'graphAttrs'
  | 'totalAtomicEnergy'
  | GraphHead;

/** A column to read. `depths`: the nestings of lists that will do. */
export interface WantedCell {
  readonly name: string;
  readonly role: CellRole;
  readonly depths: readonly number[];
  /** What the column has to hold, for messages. */
  readonly expected: string;
}

/** What each role holds per molecule of n atoms, m bonds and E edges. */
const SHAPES: Readonly<Record<CellRole, { readonly depths: readonly number[]; readonly expected: string }>> = {
  atomNumbers: { depths: [1], expected: 'a list of whole numbers, one per atom' },
  coordinates: { depths: [2], expected: 'a list of [x, y, z], one per atom' },
  nodeAttrs: { depths: [2], expected: 'a list of lists of numbers, one list per atom' },
  edgeIdxs: { depths: [2], expected: 'a list of pairs of atoms' },
  edgeAttrs: { depths: [2], expected: 'a list of lists of numbers, one list per bond' },
  graphAttrs: { depths: [0, 1], expected: 'a number, or a list of numbers' },
  totalAtomicEnergy: { depths: [0], expected: 'one number per molecule' },
  y_graph_scalars: { depths: [0], expected: 'one number per molecule' },
  y_graph_vector: { depths: [1], expected: 'a list of numbers per molecule' },
  y_node_scalars: { depths: [1], expected: 'a list of numbers, one per atom' },
  y_node_vector: { depths: [2], expected: 'a list of lists of numbers, one list per atom' },
  y_edge_scalars: { depths: [1], expected: 'a list of numbers, one per edge' },
  y_edge_vector: { depths: [2], expected: 'a list of lists of numbers, one list per edge' },
};

/** The columns to read, each once per role. Without targets for prediction. */
export function wantedCells(graph: GraphColumns, withTargets: boolean): readonly WantedCell[] {
  const cell = (role: CellRole, name: string | null): readonly WantedCell[] => (name === null ? [] : [{ name, role, ...SHAPES[role] }]);
  const targets = withTargets ? GRAPH_HEADS.flatMap((head) => (graph.targets[head] ?? []).flatMap((name) => cell(head, name))) : [];
  return [
    ...cell('atomNumbers', graph.atomNumbers),
    ...cell('coordinates', graph.coordinates),
    ...cell('nodeAttrs', graph.nodeAttrs),
    ...cell('edgeIdxs', graph.edgeIdxs),
    ...cell('edgeAttrs', graph.edgeAttrs),
    ...graph.graphAttrs.flatMap((name) => cell('graphAttrs', name)),
    ...cell('totalAtomicEnergy', graph.totalAtomicEnergy),
    ...targets,
  ];
}
