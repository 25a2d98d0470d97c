import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { DataRequest } from '../../../src/contracts/plan.ts';
import type { GraphDataset } from '../../../src/data/dataset.ts';
import { buildGraphBatch } from '../../../src/data/graphs/build-graph-batch.ts';
import { materialiseData } from '../../../src/data/materialise-data.ts';
import { openPredictData } from '../../../src/data/predict-data.ts';
import { scanData } from '../../../src/data/scan-data.ts';
import { createMemoryStore, files, makeDirectory, openGraphs, readable, thirds, writeTable } from '../data-fixtures.ts';
import { COLUMNS, molecules, NEIGHBOURS, WATER, writeRows } from './molecule-fixtures.ts';

/** Everything at once. */
const ALL = {
  nodeAttrs: 'q',
  edgeIdxs: 'b',
  edgeAttrs: 'o',
  graphAttrs: ['g', 't'],
  totalAtomicEnergy: 'e',
  targets: { y_graph_scalars: ['u0'], y_node_scalars: ['z'], y_node_vector: ['f'], y_edge_scalars: ['d'] },
};

const ATOM = { n: [1], r: [[5, 5, 5]], q: [[9, 9]], b: [], o: [], g: [1, 2], t: 1, e: -1, u0: -1, f: [[0, 0, 0]], z: [0], d: [] };

async function materialise(request: DataRequest): Promise<GraphDataset> {
  const store = createMemoryStore();
  const { facts, blobs } = await materialiseData(request, store.put);
  assert.deepEqual(await scanData(request, { cacheDir: null }), facts);
  return openGraphs(readable(store.blobs.get(blobs.train?.digest ?? '')));
}

async function jsonl(t: TestContext, rows: readonly object[]): Promise<string> {
  const path = join(await makeDirectory(t), 'a.jsonl');
  await writeRows(path, rows);
  return path;
}

test('every kind of column comes back as it was written, molecule by molecule', async (t) => {
  const dataset = await materialise(molecules(await jsonl(t, [ATOM, WATER, ATOM]), ALL));
  assert.deepEqual([...dataset.nodeOffsets], [0, 1, 4, 5]);
  assert.deepEqual([...dataset.atomNumbers], [1, 3, 0, 0, 1]);
  assert.deepEqual([...dataset.coordinates].slice(3, 12), WATER.r.flat());
  assert.deepEqual([...dataset.nodeAttrs], [9, 9, 0.5, 1, 1.5, 2, 2.5, 3, 9, 9]);
  assert.deepEqual([dataset.nodeAttrWidth, dataset.graphAttrWidth, dataset.numElements], [2, 3, 5]);
  assert.deepEqual(
    [dataset.bonds?.offsets, dataset.bonds?.pairs, dataset.bonds?.attrs].map((values) => [...(values ?? [])]),
    [
      [0, 0, 2, 2],
      [0, 1, 0, 2],
      [1, 0, 0, 1],
    ],
  );
  assert.deepEqual([...dataset.graphAttrs], [1, 2, 1, 7, 8, 300, 1, 2, 1]);
  assert.deepEqual([...(dataset.totalAtomicEnergy ?? [])], [-1, -2, -1]);
  const { y_graph_scalars: u0, y_node_vector: forces, y_edge_scalars: edges, y_node_scalars: charges } = dataset.targets;
  assert.deepEqual([...(u0?.values ?? [])], [-1, -76.5, -1]);
  assert.deepEqual(
    [[...(forces?.offsets ?? [])], forces?.width, [...(forces?.values ?? [])].slice(3, 12)],
    [[0, 1, 4, 5], 3, WATER.f.flat()],
  );
  assert.deepEqual([...(charges?.values ?? [])], [0, 10, 11, 12, 0]);
  assert.deepEqual([[...(edges?.offsets ?? [])], [...(edges?.values ?? [])]], [[0, 0, 6, 6], WATER.d]);
  const batch = buildGraphBatch(dataset, [1], NEIGHBOURS);
  assert.deepEqual([...(batch.edgeAttrs ?? [])], [1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0]);
});

test('a materialised split lies on shared memory, all of it, so that no thread needs a copy', async (t) => {
  const dataset = await materialise(molecules(await jsonl(t, [ATOM, WATER, ATOM]), ALL));
  const arrays = arraysIn(dataset);
  assert.ok(arrays.length >= 16, `${arrays.length} arrays`);
  for (const { buffer } of arrays) assert.ok(buffer instanceof SharedArrayBuffer);
});

function arraysIn(value: unknown): readonly ArrayBufferView[] {
  if (ArrayBuffer.isView(value)) return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(arraysIn) : [];
}

test('the scan counts atoms and edges and finds widths', async (t) => {
  const facts = await scanData(molecules(await jsonl(t, [ATOM, WATER]), ALL), { cacheDir: null });
  assert.deepEqual(facts.graph, {
    nodeAttrWidth: 2,
    edgeAttrWidth: 2,
    graphAttrWidth: 3,
    largestAtomNumber: 3,
    largestMolecule: 3,
    nodes: { train: 4 },
    edges: { train: 6 },
    mostEdges: 6,
  });
});

test('the same molecules give the same digest from parquet and JSONL, whatever their types, order of columns and number of blocks', async (t) => {
  const directory = await makeDirectory(t);
  const [parquet, lines] = [join(directory, 'a.parquet'), join(directory, 'a.jsonl')];
  const select =
    'SELECT range % 5 AS u0, [range % 5, 0]::TINYINT[] AS n, [[range, 0, 0], [range, 1.5, 0]]::FLOAT[][] AS r FROM range(3000)';
  await writeTable(select, parquet);
  await writeRows(
    lines,
    Array.from({ length: 3000 }, (_, k) => ({
      n: [k % 5, 0],
      r: [
        [k, 0, 0],
        [k, 1.5, 0],
      ],
      u0: k % 5,
    })),
  );
  const [one, two] = await Promise.all([parquet, lines].map((path) => scanData(molecules(path), { cacheDir: null })));
  assert.equal(one?.splits.train?.digest, two?.splits.train?.digest);
  const dataset = await materialise(molecules(parquet));
  assert.equal(dataset.rows, 3000);
  assert.equal(dataset.rowId(2999), '2999');
  assert.deepEqual([...dataset.coordinates].slice(-6), [2999, 0, 0, 2999, 1.5, 0]);
});

test('molecules of one source are dealt out to splits by their row ids', async (t) => {
  const rows = Array.from({ length: 50 }, (_, k) => ({ ...WATER, id: `m${k}`, u0: k }));
  const path = await jsonl(t, rows);
  const request = molecules(path, {}, { rowId: 'id', sources: { kind: 'split', source: files(path), split: thirds(0) } });
  const store = createMemoryStore();
  const { facts, blobs } = await materialiseData(request, store.put);
  const splits = await Promise.all(Object.values(blobs).map((ref) => openGraphs(readable(store.blobs.get(ref.digest)))));
  assert.equal(
    splits.reduce((sum, split) => sum + split.rows, 0),
    50,
  );
  for (const split of splits) {
    for (let row = 0; row < split.rows; row++) assert.equal(split.rowId(row), `m${split.targets.y_graph_scalars?.values[row]}`);
  }
  assert.deepEqual(Object.keys(facts.graph?.edges ?? {}), ['train', 'validation', 'test']);
});

test("prediction gives datasets of a batch's molecules and needs no targets", async (t) => {
  const { u0: _u0, ...unlabelled } = WATER;
  const path = await jsonl(t, [unlabelled, { ...unlabelled, n: [1, 1, 1] }, unlabelled]);
  const data = await openPredictData({
    path,
    rowId: null,
    x: [],
    expectedWidth: 0,
    batchSize: 2,
    molecules: {
      columns: { ...COLUMNS, nodeAttrs: 'q' },
      neighbours: NEIGHBOURS,
      featurisation: null,
      facts: { nodeAttrWidth: 2, edgeAttrWidth: 0, graphAttrWidth: 0 },
      mostEdges: 24,
    },
  });
  t.after(() => data.close());
  const found: unknown[] = [];
  for await (const batch of data.batches()) {
    assert.ok(batch.kind === 'graphs');
    found.push([batch.firstRow, batch.rows, [...batch.dataset.atomNumbers], Object.keys(batch.dataset.targets), batch.rowIds]);
  }
  assert.deepEqual(found, [
    [0, 2, [3, 0, 0, 1, 1, 1], [], ['0', '1']],
    [2, 1, [3, 0, 0], [], ['2']],
  ]);
});

test('columns that the data lacks are made by the featurisation; columns that it has are read', async (t) => {
  const featurisation = {
    config: [
      {
        column: 'mol',
        representations: [
          {
            name: 'physicsml_features',
            as: '{feature_name}',
            config: { atomic_number_mapping: { 1: 0, 8: 3 }, atomic_energies: { 1: -0.5, 8: -75 }, backend: 'rdkit' },
          },
        ],
      },
    ],
  };
  const columns = {
    ...COLUMNS,
    atomNumbers: 'physicsml_atom_numbers',
    coordinates: 'physicsml_coordinates',
    totalAtomicEnergy: 'physicsml_total_atomic_energy',
  };
  const plain = await jsonl(t, [{ atomic_numbers: [8, 1, 1], coordinates: WATER.r, u0: -76 }]);
  const made = await materialise(molecules(plain, columns, { featurisation }));
  assert.deepEqual([[...made.atomNumbers], [...(made.totalAtomicEnergy ?? [])]], [[3, 0, 0], [-76]]);
  const complete = await jsonl(t, [
    { physicsml_atom_numbers: [1], physicsml_coordinates: [[0, 0, 0]], physicsml_total_atomic_energy: 5, u0: 0 },
  ]);
  const read = await materialise(molecules(complete, columns, { featurisation }));
  assert.deepEqual([[...read.atomNumbers], [...(read.totalAtomicEnergy ?? [])]], [[1], [5]]);
});
