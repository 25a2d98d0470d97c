import assert from 'node:assert/strict';
import test from 'node:test';
import { graphColumnsOf, neighbourPlanOf } from '../../src/contracts/graph-columns.ts';
import type { JsonObject } from '../../src/contracts/json.ts';

const X = ['physicsml_atom_idxs', 'physicsml_atom_numbers', 'physicsml_coordinates'];
const BASE: JsonObject = { num_elements: 5, y_graph_scalars: ['u0'] };

test('the tutorial reads atoms, coordinates and its target, and nothing that is not in x_features', () => {
  assert.deepEqual(graphColumnsOf(BASE, X, ['u0'], []), {
    numElements: 5,
    atomNumbers: 'physicsml_atom_numbers',
    coordinates: 'physicsml_coordinates',
    nodeAttrs: null,
    edgeIdxs: null,
    edgeAttrs: null,
    graphAttrs: [],
    totalAtomicEnergy: null,
    targets: { y_graph_scalars: ['u0'] },
    maskedHeads: [],
  });
});

test('a column counts once it is in x_features; bonds need both their columns', () => {
  const more = [...X, 'physicsml_atom_features', 'physicsml_total_atomic_energy', 'physicsml_bond_idxs'];
  const half = graphColumnsOf(BASE, more, ['u0'], []);
  assert.deepEqual([half.nodeAttrs, half.totalAtomicEnergy], ['physicsml_atom_features', 'physicsml_total_atomic_energy']);
  assert.deepEqual([half.edgeIdxs, half.edgeAttrs], [null, null]);
  const both = graphColumnsOf(BASE, [...more, 'physicsml_bond_features'], ['u0'], []);
  assert.deepEqual([both.edgeIdxs, both.edgeAttrs], ['physicsml_bond_idxs', 'physicsml_bond_features']);
});

test('targets come in the order of y_features, features of molecules by name, masked heads only where there are targets', () => {
  const datamodule = {
    num_elements: 5,
    y_graph_scalars: ['b', 'a'],
    y_node_vector: 'forces',
    graph_attrs_cols: ['z', 'k'],
    node_attrs_col: 'charges',
  };
  const columns = graphColumnsOf(datamodule, [...X, 'z', 'k', 'charges'], ['a', 'forces', 'b'], ['y_edge_scalars', 'y_graph_scalars']);
  assert.deepEqual(columns.targets, { y_graph_scalars: ['a', 'b'], y_node_vector: ['forces'] });
  assert.deepEqual(columns.graphAttrs, ['k', 'z']);
  assert.deepEqual(columns.maskedHeads, ['y_graph_scalars']);
  assert.equal(columns.nodeAttrs, 'charges');
});

test('everything that is wrong with the columns is said at once', () => {
  const datamodule = { num_elements: 0, y_graph_scalars: ['u0', 'gap'], y_node_scalars: ['u0'], graph_attrs_cols: ['t'] };
  assert.throws(
    () => graphColumnsOf(datamodule, ['physicsml_atom_numbers', 'surprise'], ['u0', 'homo'], []),
    (error: Error & { readonly code: string; readonly details: { readonly problems: readonly { readonly text: string }[] } }) => {
      assert.equal(error.code, 'CONFIG_INVALID');
      const texts = error.details.problems.map(({ text }) => text).join('\n');
      for (const part of [
        /kinds of atoms.*received 0/,
        /"physicsml_coordinates" is needed/,
        /"t" has to be in x_features/,
        /"surprise" is no column that the datamodule names/,
        /"gap" is not in y_features/,
        /"homo" is in no head/,
        /"u0" is in several heads: y_graph_scalars, y_node_scalars/,
      ])
        assert.match(texts, part);
      return true;
    },
  );
});

test('names of columns that are none are named, and nothing is concluded from them', () => {
  const datamodule = { num_elements: 5, graph_attrs_cols: 5, coordinates_col: 7, y_graph_scalars: [1], y_node_vector: 'forces' };
  assert.throws(
    () => graphColumnsOf(datamodule, X, ['u0'], []),
    (error: Error & { readonly code: string; readonly details: { readonly problems: readonly object[] } }) => {
      assert.equal(error.code, 'CONFIG_INVALID');
      assert.deepEqual(error.details.problems, [
        { where: 'model.config.datamodule.coordinates_col', text: 'expected the name of a column, received 7' },
        { where: 'model.config.datamodule.graph_attrs_cols', text: 'expected a list of column names, received 5' },
        { where: 'model.config.datamodule.y_graph_scalars', text: 'expected column names, received [1]' },
      ]);
      return true;
    },
  );
  for (const num_elements of [5.5, '5', null])
    assert.throws(() => graphColumnsOf({ ...BASE, num_elements }, X, ['u0'], []), { message: /a whole number >= 1, received/ });
});

test("neighbours have physicsml's defaults, and a cell only when it is periodic in all directions", () => {
  assert.deepEqual(neighbourPlanOf({}), { cutOff: 5, selfInteraction: false, cell: null });
  const cell = [
    [3, 0, 0],
    [0, 4, 0],
    [0, 0, 5],
  ];
  assert.deepEqual(neighbourPlanOf({ cut_off: 3, self_interaction: true, cell, pbc: [true, true, true] }), {
    cutOff: 3,
    selfInteraction: true,
    cell,
  });
  assert.deepEqual(neighbourPlanOf({ pbc: [false, false, false] }).cell, null);
});

test('what physicsml would pass over is refused: some directions only, a cell without pbc, pbc without a cell, a flat cell', () => {
  const cell = [
    [3, 0, 0],
    [0, 4, 0],
    [0, 0, 5],
  ];
  const flat = [
    [3, 0, 0],
    [6, 0, 0],
    [0, 0, 5],
  ];
  const cases: readonly (readonly [JsonObject, string, RegExp])[] = [
    [{ cell, pbc: [true, true, false] }, 'NOT_AVAILABLE', /datamodule.pbc: .*some directions only/],
    [{ cell }, 'CONFIG_INVALID', /datamodule.cell: has no effect without pbc/],
    [{ pbc: [true, true, true] }, 'CONFIG_INVALID', /datamodule.cell: missing/],
    [{ cell: flat, pbc: [true, true, true] }, 'CONFIG_INVALID', /span a volume/],
    [{ cut_off: 0 }, 'CONFIG_INVALID', /cut_off: expected a distance above 0/],
    [{ cut_off: 'abc' }, 'CONFIG_INVALID', /cut_off: expected a distance above 0 Angstrom, received "abc"/],
    [{ cut_off: null }, 'CONFIG_INVALID', /cut_off: [^\n]*received null/],
    [{ self_interaction: 'no' }, 'CONFIG_INVALID', /self_interaction: expected true or false, received "no"/],
    [{ pbc: 'yes' }, 'CONFIG_INVALID', /pbc: expected three booleans, or null, received "yes"/],
  ];
  for (const [datamodule, code, message] of cases) assert.throws(() => neighbourPlanOf(datamodule), { code, message });
});
