import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { type GraphColumns, MOST_BATCH_EDGES } from '../../../src/contracts/graphs.ts';
import type { DataRequest } from '../../../src/contracts/plan.ts';
import { scanData } from '../../../src/data/scan-data.ts';
import type { RootstockError } from '../../../src/errors.ts';
import { failure, makeDirectory } from '../data-fixtures.ts';
import { molecules, WATER, writeRows } from './molecule-fixtures.ts';

/** Two good molecules, then one that is not. */
async function refused(
  t: TestContext,
  bad: Partial<Record<keyof typeof WATER, unknown>>,
  columns: Partial<GraphColumns> = {},
  rest: Partial<DataRequest> = {},
): Promise<RootstockError> {
  const path = join(await makeDirectory(t), 'a.jsonl');
  await writeRows(path, [WATER, WATER, { ...WATER, ...bad }]);
  return failure(() => scanData(molecules(path, columns, rest), { cacheDir: null }));
}

const BONDS = { edgeIdxs: 'b', edgeAttrs: 'o' };
const ONE_ATOM = { n: [0], r: [[0, 0, 0]] };

test('what is wrong with a molecule is said with its row, its column and what was found', async (t) => {
  const cases: readonly (readonly [Parameters<typeof refused>[1], Partial<GraphColumns>, string, RegExp])[] = [
    [{ n: [], r: [] }, {}, 'MOLECULE_INVALID', /column "n": row 2 \(counting from 0\): a molecule with no atoms/],
    [{ n: [3, 0, 8] }, {}, 'MOLECULE_INVALID', /"n": row 2 .*: atom 2: expected a class 0 \.\. 4 \(num_elements: 5\), received 8/],
    [{ n: [3, 0, 0.5] }, {}, 'MOLECULE_INVALID', /atom 2: expected a class 0 \.\. 4 .*received 0\.5/],
    [{ n: [3, 0, null] }, {}, 'MOLECULE_INVALID', /atom 2: expected a class/],
    [
      { r: WATER.r.slice(1) },
      {},
      'MOLECULE_INVALID',
      /"r": row 2 .*: expected \[x, y, z\] for each of 3 atoms, received a list of shape \[2, 3\]/,
    ],
    [{ r: WATER.r.map((point) => point.slice(1)) }, {}, 'MOLECULE_INVALID', /received a list of shape \[3, 2\]/],
    [
      {
        r: [
          [0, 0, 0],
          [1, 0],
          [0, 1, 0],
        ],
      },
      {},
      'MOLECULE_INVALID',
      /entries have different shapes: \[3\] and, at 1, \[2\]/,
    ],
    [{ r: null }, {}, 'MOLECULE_INVALID', /for each of 3 atoms, received no list/],
    [
      {
        r: [
          [0, 0, 0],
          [1, null, 0],
          [0, 1, 0],
        ],
      },
      {},
      'DATA_NOT_FINITE',
      /"r": row 2 .*: expected finite numbers, received null at place 4/,
    ],
    [
      {
        r: [
          [0, 0, 0],
          [1e39, 0, 0],
          [0, 1, 0],
        ],
      },
      {},
      'DATA_NOT_FINITE',
      /received 1e\+39 at place 3/,
    ],
    [
      {
        r: [
          [0, 0, 0],
          [1, 0, 0],
          [0, 0, 1e-7],
        ],
      },
      {},
      'MOLECULE_INVALID',
      /atoms 0 and 2 are in the same place/,
    ],
    [
      {
        q: [
          [1, 2],
          [3, 4],
        ],
      },
      { nodeAttrs: 'q' },
      'COLUMN_RAGGED',
      /"q": row 2 .*: expected 2 values for each of 3 atoms, received a list of shape \[2, 2\]/,
    ],
    [
      { q: [[1], [3], [5]] },
      { nodeAttrs: 'q' },
      'COLUMN_RAGGED',
      /expected 2 values for each of 3 atoms, received a list of shape \[3, 1\]/,
    ],
    [{ b: [[0, 3]], o: [[1, 0]] }, BONDS, 'MOLECULE_INVALID', /"b": row 2 .*: bond 0: expected atoms 0 \.\. 2, received 3/],
    [{ b: [[0, 1, 2]], o: [[1, 0]] }, BONDS, 'MOLECULE_INVALID', /expected pairs of atoms, received a list of shape \[1, 3\]/],
    [{ o: [[1, 0]] }, BONDS, 'COLUMN_RAGGED', /"o": row 2 .*: expected 2 values for each of 2 bonds, received a list of shape \[1, 2\]/],
    [
      {
        r: [
          [0, 0, 0],
          [3, 0, 0],
          [0, 1, 0],
        ],
      },
      BONDS,
      'MOLECULE_INVALID',
      /bond 0: atoms 0 and 1 are 3\.000 Angstrom apart.*cut_off \(2 Angstrom\)/,
    ],
    [{ g: [7] }, { graphAttrs: ['g'] }, 'COLUMN_RAGGED', /"g": row 2 .*: expected 2 values as in the first row, received 1/],
    [{ e: null }, { totalAtomicEnergy: 'e' }, 'DATA_NOT_FINITE', /"e": row 2 .*: expected finite numbers, received null/],
    [{ u0: null }, {}, 'DATA_NOT_FINITE', /"u0": row 2 .*: the target is missing .*y_graph_scalars.*MaskedMSELoss/],
    [
      { z: [1, 2] },
      { targets: { y_node_scalars: ['z'] } },
      'COLUMN_RAGGED',
      /"z": row 2 .*: expected a target for each of 3 atoms, received 2/,
    ],
    [
      { f: [[1, 2, 3]] },
      { targets: { y_node_vector: ['f'] } },
      'COLUMN_RAGGED',
      /a vector of 3 values for each of 3 atoms, received a list of shape \[1, 3\]/,
    ],
    [{ d: [1, 2] }, { targets: { y_edge_scalars: ['d'] } }, 'COLUMN_RAGGED', /a target for each of 6 edges within cut_off, received 2/],
  ];
  for (const [bad, columns, code, message] of cases) {
    const error = await refused(t, bad, columns);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    assert.match(error.message, /data\.train, column/);
  }
});

test('all problems of all columns come at once, the first five rows of each kind by name', async (t) => {
  const path = join(await makeDirectory(t), 'a.jsonl');
  const rows = Array.from({ length: 8 }, () => ({ ...WATER, n: [3, 0, 9] }));
  await writeRows(path, [WATER, ...rows, { ...WATER, r: [[0, 0]] }, { ...WATER, u0: null }]);
  const error = await failure(() => scanData(molecules(path), { cacheDir: null }));
  assert.match(error.message, /3 problems/);
  assert.match(error.message, /"n": row 1 .*received 9.*; 8 rows in all/);
  assert.match(error.message, /"r": row 9 /);
  assert.match(error.message, /"u0": row 10 /);
});

test('columns that are not there, or hold something else, are named together', async (t) => {
  const error = await refused(t, {}, { coordinates: 'q2', nodeAttrs: 'z', totalAtomicEnergy: 'g' });
  assert.equal(error.code, 'COLUMN_NOT_FOUND');
  assert.match(error.message, /column "q2": x_features names a column that is not there/);
  assert.match(error.message, /column "z": expected a list of lists of numbers, one list per atom; received BIGINT\[\]/);
  assert.match(error.message, /column "g": expected one number per molecule; received BIGINT\[\]/);
});

test('a head whose loss leaves targets out may have holes, another one not; infinity is never a target', async (t) => {
  const columns: Partial<GraphColumns> = {
    targets: { y_graph_scalars: ['u0'], y_node_scalars: ['z'] },
    maskedHeads: ['y_graph_scalars', 'y_node_scalars'],
  };
  const path = join(await makeDirectory(t), 'a.jsonl');
  await writeRows(path, [WATER, { ...WATER, u0: null, z: [1, null, 3] }, { ...WATER, z: null }]);
  assert.equal((await scanData(molecules(path, columns), { cacheDir: null })).splits.train?.rows, 3);
  const half = await failure(() => scanData(molecules(path, { ...columns, maskedHeads: ['y_graph_scalars'] }), { cacheDir: null }));
  assert.match(half.message, /"z": row 1 .*: the target is missing .* at place 1 of the list/);
  assert.doesNotMatch(half.message, /"u0"/);
  const infinite = await refused(t, { u0: 1e300 }, columns);
  assert.match(infinite.message, /"u0": row 2 .*: expected finite numbers, received 1e\+300/);
});

test('a row that cannot be featurised is named with its column', async (t) => {
  const config = [
    {
      column: 'mol',
      representations: [
        { name: 'physicsml_features', as: '{feature_name}', config: { atomic_number_mapping: { 1: 0 }, backend: 'rdkit' } },
      ],
    },
  ];
  const path = join(await makeDirectory(t), 'a.jsonl');
  await writeRows(path, [
    { atomic_numbers: [1], coordinates: [[0, 0, 0]], u0: 0 },
    { atomic_numbers: [17], coordinates: [[0, 0, 0]], u0: 0 },
  ]);
  const columns = { atomNumbers: 'physicsml_atom_numbers', coordinates: 'physicsml_coordinates' };
  const error = await failure(() => scanData(molecules(path, columns, { featurisation: { config } }), { cacheDir: null }));
  assert.equal(error.code, 'MOLECULE_INVALID');
  assert.match(error.message, /column "atomic_numbers": row 1 \(counting from 0\): atomic number 17 is not in atomic_number_mapping/);
});

test('an atom alone is a molecule', async (t) => {
  const path = join(await makeDirectory(t), 'a.jsonl');
  await writeRows(path, [{ ...WATER, ...ONE_ATOM }]);
  assert.deepEqual((await scanData(molecules(path), { cacheDir: null })).graph?.edges, { train: 0 });
});

test('the fix of a bad molecule leaves out that very row by the column of row ids, and names no query where there is no such column', async (t) => {
  const query = async (id: unknown, key: string) => {
    const path = join(await makeDirectory(t), 'a.jsonl');
    const rows = [
      { ...WATER, [key]: typeof id === 'number' ? 1 : 'a' },
      { ...WATER, n: [3, 0, 8], [key]: id },
    ];
    await writeRows(path, rows);
    const { message } = await failure(() => scanData(molecules(path, {}, { rowId: key }), { cacheDir: null }));
    return message.split('\n').at(-1)?.replace('Fix: correct these molecules or leave them out of the data', '');
  };
  assert.equal(await query(40, 'mol_id'), ', for example with a sql source: SELECT * FROM t WHERE mol_id <> 40.');
  assert.equal(await query("d'or", 'the id'), `, for example with a sql source: SELECT * FROM t WHERE "the id" <> 'd''or'.`);
  const unnamed = await refused(t, { n: [3, 0, 8] });
  assert.match(unnamed.message, /Fix: correct these molecules or leave them out of the data\.$/u);
});

test('the fix for a missing energy of the atoms says that atomic_energies makes it; for another column it does not', async (t) => {
  const missing = await refused(t, {}, { totalAtomicEnergy: 'physicsml_total_atomic_energy' });
  assert.equal(missing.code, 'COLUMN_NOT_FOUND');
  assert.match(missing.message, /Fix: .*data\.featurisation with atomic_energies makes physicsml_total_atomic_energy.*\.$/u);
  const other = await refused(t, {}, { graphAttrs: ['h'] });
  assert.equal(other.code, 'COLUMN_NOT_FOUND');
  assert.doesNotMatch(other.message, /atomic_energies/u);
});

test('targets of edges that are too many to be counted are not compared with their number: the plan refuses the number', async (t) => {
  const path = join(await makeDirectory(t), 'a.jsonl');
  await writeRows(path, [{ ...WATER, d: [1, 2] }]);
  const cell = [
    [2, 0, 0],
    [0, 2, 0],
    [0, 0, 2],
  ];
  const neighbours = { cutOff: 400, selfInteraction: false, cell };
  const facts = await scanData(molecules(path, { targets: { y_edge_scalars: ['d'] } }, { neighbours }), { cacheDir: null });
  assert.ok((facts.graph?.mostEdges ?? 0) > MOST_BATCH_EDGES);
});
