import assert from 'node:assert/strict';
import test from 'node:test';
import type { GraphDataset } from '../../../src/data/dataset.ts';
import { buildGraphBatch } from '../../../src/data/graphs/build-graph-batch.ts';
import { headBatches } from '../../../src/data/graphs/build-head-batch.ts';
import { graphDatasetOf, type TestMolecule } from '../../helpers/graph-dataset.ts';

/** A chain of atoms 1 Angstrom apart, with everything that a molecule can have. */
function chain(atoms: number, first: number): TestMolecule {
  const all = Array.from({ length: atoms }, (_, atom) => atom);
  return {
    atomNumbers: all.map((atom) => (atom + first) % 3),
    coordinates: all.map((atom) => [atom, first, 0.5]),
    nodeAttrs: all.map((atom) => [atom * 0.1, first]),
    bonds: atoms > 1 ? [{ pair: [0, 1], attrs: [1, 2] }] : [],
    graphAttrs: [first, -first, 3],
    totalAtomicEnergy: first * 10,
    targets: {
      y_graph_scalars: [[first, atoms]],
      y_node_vector: all.map((atom) => [atom, first, 0]),
      y_edge_scalars: Array.from({ length: 2 * (atoms - 1) }, (_, edge) => [edge]),
    },
  };
}

const MOLECULES = [chain(3, 1), chain(1, 2), chain(20, 3), chain(2, 4)];
const FULL = graphDatasetOf(MOLECULES, { numElements: 3 });
const BARE = graphDatasetOf(
  MOLECULES.map(({ atomNumbers, coordinates }) => ({ atomNumbers, coordinates })),
  { numElements: 3 },
);

/** The dataset as one without bonds and targets of edges. */
function withoutEdges(dataset: GraphDataset): GraphDataset {
  const { y_edge_scalars: _left, ...targets } = dataset.targets;
  return { ...dataset, bonds: null, targets };
}

for (const [name, dataset] of Object.entries({ 'everything that a molecule can have': FULL, 'nothing beside atoms and places': BARE })) {
  test(`a head batch is the graph batch of the molecules without edges: ${name}`, () => {
    for (const rows of [[0, 1, 2, 3], [2, 0, 2], [1], []]) {
      const expected = buildGraphBatch(withoutEdges(dataset), rows, { cutOff: 0, selfInteraction: false, cell: null });
      assert.deepEqual({ ...headBatches(dataset)(Uint32Array.from(rows)) }, expected);
    }
  });
}

test('neighbours of a molecule are looked for once, not for every batch', () => {
  let reads = 0;
  const coordinates = new Proxy(FULL.coordinates, {
    get(target, name) {
      reads += 1;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const join = headBatches({ ...FULL, coordinates });
  const first = join([2, 0]).coordinates;
  const readsOfFirst = reads;
  assert.deepEqual(join([2, 0]).coordinates, first);
  assert.ok(reads - readsOfFirst < readsOfFirst, `${readsOfFirst} reads, then ${reads - readsOfFirst}`);
});

test('what nobody reads is not made', () => {
  const unread: readonly (keyof GraphDataset)[] = ['atomNumbers', 'coordinates', 'nodeAttrs', 'graphAttrs', 'totalAtomicEnergy'];
  const forbidden = Object.fromEntries(
    unread.map((column) => [column, new Proxy(FULL[column] as object, { get: () => assert.fail(`${column} is read`) })]),
  );
  const batch = headBatches({ ...FULL, ...forbidden })([2, 0]);
  assert.deepEqual([batch.numGraphs, batch.numNodes, batch.numEdges], [2, 23, 0]);
  assert.deepEqual([...batch.nodesPerGraph], [20, 3]);
  assert.deepEqual([...batch.batch.offsets], [0, 20, 23]);
  assert.deepEqual([...(batch.targets.y_graph_scalars?.values ?? [])], [3, 20, 1, 3]);
  assert.throws(() => batch.nodeAttrs, /is read/);
});

test('what is read twice is made once', () => {
  const batch = headBatches(FULL)([2, 0]);
  for (const part of ['nodeAttrs', 'batch', 'nodesPerGraph', 'graphAttrs', 'targets'] as const)
    assert.equal(batch[part], batch[part], part);
});
