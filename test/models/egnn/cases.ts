import type { InputFacts } from '../../../src/contracts/graphs.ts';
import { buildGraphBatch } from '../../../src/data/graphs/build-graph-batch.ts';
import type { GraphBatch } from '../../../src/models/definition.ts';
import { uploadGraphBatch } from '../../../src/training/graph-batches.ts';
import { graphDatasetOf, type TestMolecule } from '../../helpers/graph-dataset.ts';

/** What a test varies of two small molecules and of what is predicted of them. */
export interface CaseOptions {
  readonly bonds?: boolean;
  readonly graphTasks?: number;
  readonly nodeTasks?: number;
  readonly edgeTasks?: number;
  /** Puts a molecule's atoms so far apart that no edge is left. */
  readonly apart?: boolean;
}

/** Facts about the molecules of `smallBatch`: 2 elements, and 2 values per bond. */
export function smallFacts({ bonds = false, graphTasks = 1, nodeTasks = 0, edgeTasks = 0 }: CaseOptions = {}): InputFacts {
  return {
    inputWidth: 0,
    outputWidth: graphTasks + nodeTasks + edgeTasks,
    graph: {
      numElements: 2,
      nodeAttrWidth: 0,
      edgeAttrWidth: bonds ? 2 : 0,
      graphAttrWidth: 0,
      hasTotalAtomicEnergy: false,
      cutOff: 3,
      targets: {
        ...(graphTasks > 0 ? { y_graph_scalars: graphTasks } : {}),
        ...(nodeTasks > 0 ? { y_node_scalars: nodeTasks } : {}),
        ...(edgeTasks > 0 ? { y_edge_scalars: edgeTasks } : {}),
      },
    },
  };
}

/** Two molecules on the device, of 3 and 2 atoms: 6 and 2 directed edges. Targets are 0.5 (0.25 or 0.75 by line). */
export function smallBatch({ bonds = false, graphTasks = 1, nodeTasks = 0, edgeTasks = 0, apart = false }: CaseOptions = {}): GraphBatch {
  const lines = (count: number, tasks: number) =>
    Array.from({ length: count }, (_, line) => Array.from({ length: tasks }, (_, task) => ((line + task) % 2 === 0 ? 0.25 : 0.75)));
  const molecule = (atoms: number): TestMolecule => ({
    atomNumbers: Array.from({ length: atoms }, (_, atom) => atom % 2),
    coordinates: Array.from({ length: atoms }, (_, atom) => [(apart ? 10 : 1.1) * atom, 0.3 * (atom % 2), 0.1 * atom]),
    ...(bonds ? { bonds: [{ pair: [0, 1] as const, attrs: [1, -0.5] }] } : {}),
    targets: {
      ...(graphTasks > 0 ? { y_graph_scalars: lines(1, graphTasks) } : {}),
      ...(nodeTasks > 0 ? { y_node_scalars: lines(atoms, nodeTasks) } : {}),
      ...(edgeTasks > 0 ? { y_edge_scalars: lines(atoms * (atoms - 1), edgeTasks) } : {}),
    },
  });
  const dataset = graphDatasetOf([molecule(3), molecule(2)], { numElements: 2 });
  return uploadGraphBatch(buildGraphBatch(dataset, [0, 1], { cutOff: 3, selfInteraction: false, cell: null }));
}
