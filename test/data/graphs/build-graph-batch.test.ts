import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import type { NeighbourPlan } from '../../../src/contracts/graphs.ts';
import { buildGraphBatch } from '../../../src/data/graphs/build-graph-batch.ts';
import { graphDatasetOf, type TestMolecule } from '../../helpers/graph-dataset.ts';

const GOLDEN = new URL('../../fixtures/golden/a_saved_egnn/', import.meta.url);
const PLAN: NeighbourPlan = { cutOff: 5, selfInteraction: false, cell: null };

interface GoldenMolecule {
  readonly physicsml_atom_numbers: readonly number[];
  readonly physicsml_coordinates: readonly (readonly number[])[];
}

function golden(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, GOLDEN), 'utf8'));
}

/** Atoms 0, 1 and 2 in a row, 1 Angstrom apart. */
const chain: TestMolecule = {
  atomNumbers: [0, 1, 0],
  coordinates: [
    [0, 0, 0],
    [1, 0, 0],
    [2, 0, 0],
  ],
};

test('a batch has the nodes, edges and molecules that physicsml gives the same molecules', () => {
  const molecules = (golden('predictions.json') as { readonly molecules: readonly GoldenMolecule[] }).molecules.map((molecule) => ({
    atomNumbers: molecule.physicsml_atom_numbers,
    coordinates: molecule.physicsml_coordinates,
  }));
  const expected = golden('activations_first2.json') as {
    readonly node_attrs: readonly (readonly number[])[];
    readonly edge_index: readonly [readonly number[], readonly number[]];
    readonly batch: readonly number[];
  };
  const batch = buildGraphBatch(graphDatasetOf(molecules, { numElements: 5 }), [0, 1], PLAN);
  assert.deepEqual([...batch.edgeIndex[0].index], expected.edge_index[0]);
  assert.deepEqual([...batch.edgeIndex[1].index], expected.edge_index[1]);
  assert.deepEqual([...batch.batch.index], expected.batch);
  assert.deepEqual([...batch.nodeAttrs], expected.node_attrs.flat());
  assert.deepEqual([batch.numGraphs, batch.numNodes, batch.nodeWidth], [2, 26, 5]);
  assert.deepEqual([...batch.nodesPerGraph], [17, 9]);
});

test('offsets and order give the edges of each atom, ascending, for both ends', () => {
  const batch = buildGraphBatch(graphDatasetOf([chain, chain], { numElements: 2 }), [1, 0], { ...PLAN, cutOff: 1.5 });
  assert.deepEqual([...batch.edgeIndex[0].index], [0, 1, 1, 2, 3, 4, 4, 5]);
  assert.deepEqual([...batch.edgeIndex[1].index], [1, 0, 2, 1, 4, 3, 5, 4]);
  assert.deepEqual([...batch.edgeIndex[0].offsets], [0, 1, 3, 4, 5, 7, 8]);
  assert.equal(batch.edgeIndex[0].order, null);
  assert.deepEqual([...batch.edgeIndex[1].offsets], [0, 1, 3, 4, 5, 7, 8]);
  assert.deepEqual([...(batch.edgeIndex[1].order ?? [])], [1, 0, 3, 2, 5, 4, 7, 6]);
  assert.deepEqual([...batch.batch.offsets], [0, 3, 6]);
});

test('cut_off is squared in double precision and compared in float32, borders included', () => {
  // 1.1 in float32 squares to 1.21000003815, above 1.1 * 1.1 in double precision; physicsml (torch) counts it, and the next one not
  const pair = (x: number): TestMolecule => ({ atomNumbers: [0, 0], coordinates: [chain.coordinates[0] ?? [], [x, 0, 0]] });
  const edges = (x: number) =>
    buildGraphBatch(graphDatasetOf([pair(x)], { numElements: 1 }), [0], { ...PLAN, cutOff: 1.1 }).edgeIndex[0].index.length;
  assert.equal(edges(Math.fround(1.1)), 2);
  assert.equal(edges(1.1000001430511475), 0);
});

test('with self_interaction an atom is its own neighbour, in its place', () => {
  const batch = buildGraphBatch(graphDatasetOf([chain], { numElements: 2 }), [0], { ...PLAN, cutOff: 1.5, selfInteraction: true });
  assert.deepEqual([...batch.edgeIndex[0].index], [0, 0, 1, 1, 1, 2, 2]);
  assert.deepEqual([...batch.edgeIndex[1].index], [0, 1, 0, 1, 2, 1, 2]);
});

test('atom features follow the one-hot class; molecule features and energies come with their molecule', () => {
  const nodeAttrs = [[0.5], [1.5], [2.5]];
  const one = { ...chain, nodeAttrs, graphAttrs: [7, 8], totalAtomicEnergy: -3 };
  const two = { ...one, graphAttrs: [9, 10], totalAtomicEnergy: -4 };
  const batch = buildGraphBatch(graphDatasetOf([one, two], { numElements: 2 }), [1, 0], PLAN);
  assert.deepEqual([...batch.nodeAttrs].slice(0, 9), [1, 0, 0.5, 0, 1, 1.5, 1, 0, 2.5]);
  assert.deepEqual([...(batch.graphAttrs ?? [])], [9, 10, 7, 8]);
  assert.deepEqual([...(batch.totalAtomicEnergy ?? [])], [-4, -3]);
});

test('the features of a bond go to both of its edges, zeros to edges that are no bond, and a bond listed twice adds up', () => {
  const bonds = [
    { pair: [1, 0] as const, attrs: [1, 2] },
    { pair: [1, 2] as const, attrs: [3, 4] },
    { pair: [2, 1] as const, attrs: [10, 20] },
  ];
  const alone = { ...chain, atomNumbers: [0], coordinates: [[0, 0, 0]], bonds: [] };
  const batch = buildGraphBatch(graphDatasetOf([{ ...chain, bonds }, alone], { numElements: 2 }), [1, 0], PLAN);
  // edges 0-1, 0-2, 1-0, 1-2, 2-0, 2-1
  assert.deepEqual([...(batch.edgeAttrs ?? [])], [1, 2, 0, 0, 1, 2, 13, 24, 0, 0, 13, 24]);
  assert.equal(batch.edgeWidth, 2);
});

test('a bond of atoms further apart than cut_off is refused with the row, the atoms and the way out', () => {
  const dataset = graphDatasetOf([{ ...chain, bonds: [{ pair: [0, 2], attrs: [1] }] }], { numElements: 2 });
  assert.throws(() => buildGraphBatch(dataset, [0], { ...PLAN, cutOff: 1.5 }), {
    code: 'MOLECULE_INVALID',
    message: /Molecule "0": the bond of atoms 0 and 2 is no edge.*cut_off \(1.5 Angstrom\)[^]*Fix: raise datamodule.cut_off/,
  });
});

test('targets are joined by molecule, atom and edge, in batch order', () => {
  const targets = (base: number) => ({
    y_graph_scalars: [[base, base + 1]],
    y_node_vector: [
      [base, 0, 0],
      [base, 1, 0],
      [base, 2, 0],
    ],
    y_edge_scalars: [[base], [base + 1], [base + 2], [base + 3]],
  });
  const dataset = graphDatasetOf(
    [
      { ...chain, targets: targets(10) },
      { ...chain, targets: targets(20) },
    ],
    { numElements: 2 },
  );
  const { targets: joined } = buildGraphBatch(dataset, [1, 0], { ...PLAN, cutOff: 1.5 });
  assert.deepEqual([...(joined.y_graph_scalars?.values ?? [])], [20, 21, 10, 11]);
  assert.deepEqual([...(joined.y_node_vector?.values ?? [])], [20, 0, 0, 20, 1, 0, 20, 2, 0, 10, 0, 0, 10, 1, 0, 10, 2, 0]);
  assert.equal(joined.y_node_vector?.width, 3);
  assert.deepEqual([...(joined.y_edge_scalars?.values ?? [])], [20, 21, 22, 23, 10, 11, 12, 13]);
});

test('edge targets have to be as many as the edges that cut_off makes', () => {
  const dataset = graphDatasetOf([{ ...chain, targets: { y_edge_scalars: [[1], [2], [3], [4]] } }], { numElements: 2 });
  assert.throws(() => buildGraphBatch(dataset, [0], PLAN), {
    code: 'COLUMN_RAGGED',
    message: /Molecule "0": y_edge_scalars has 4 targets for 6 edges/,
  });
});

test('a class outside num_elements is refused by name', () => {
  assert.throws(() => buildGraphBatch(graphDatasetOf([chain], { numElements: 1 }), [0], PLAN), {
    code: 'MOLECULE_INVALID',
    message: /expected atom numbers 0 \.\. 0 \(num_elements: 1\), received 1/,
  });
});

test('another cut_off gives other edges of the same dataset', () => {
  const dataset = graphDatasetOf([chain], { numElements: 2 });
  const count = (cutOff: number) => buildGraphBatch(dataset, [0], { ...PLAN, cutOff }).numEdges;
  assert.deepEqual([count(1.5), count(5), count(1.5)], [4, 6, 4]);
});
