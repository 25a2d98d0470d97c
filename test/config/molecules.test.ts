import assert from 'node:assert/strict';
import test from 'node:test';
import { failure, options, parse, problemsOf, toyModel } from './helpers.ts';

const more = { models: [toyModel, { ...toyModel, name: 'toy_graphs', inputs: 'graphs' as const }] };
const X = ['physicsml_atom_idxs', 'physicsml_atom_numbers', 'physicsml_coordinates'];

/** A valid run of a molecule model; tests change one thing. */
function run(datamodule: object = {}, config: object = {}, data: object = {}): unknown {
  return {
    name: 'small',
    data: { train: 'train.parquet', ...data },
    model: {
      name: 'toy_graphs',
      config: {
        x_features: X,
        y_features: ['u0'],
        width: 4,
        datamodule: { num_elements: 5, y_graph_scalars: ['u0'], ...datamodule },
        ...config,
      },
    },
    output: { path: 'out' },
  };
}

const staged = (datamodule: object) => run({}, { transfer_learning: { pre_trained_model_path: 'old', stages: [{ datamodule }] } });

test("the datamodule of physicsml's tutorial, and every key at physicsml's default, is accepted", () => {
  parse(run(), more);
  const defaults = {
    y_graph_vector: null,
    y_node_scalars: null,
    atomic_numbers_col: 'physicsml_atom_numbers',
    coordinates_col: 'physicsml_coordinates',
    node_attrs_col: 'physicsml_atom_features',
    edge_attrs_col: 'physicsml_bond_features',
    node_idxs_col: 'physicsml_atom_idxs',
    edge_idxs_col: 'physicsml_bond_idxs',
    graph_attrs_cols: null,
    total_atomic_energy_col: 'physicsml_total_atomic_energy',
    cut_off: 5.0,
    pbc: null,
    cell: null,
    self_interaction: false,
    pre_batch: 'in_memory',
    pre_batch_in_memory: true,
    train_batch_size: 64,
    validation_batch_size: null,
    use_scaled_positions: false,
    max_nbins: 1_000_000,
  };
  parse(run(defaults), more);
});

test('columns and targets that do not fit together are refused, all at once and each in its place', () => {
  const problems = problemsOf(run({ y_graph_scalars: ['gap'], coordinates_col: 'xyz', num_elements: undefined }), more).join('\n');
  assert.match(problems, /model\.config\.datamodule\.num_elements: expected how many kinds of atoms there are.*received nothing/);
  assert.match(problems, /model\.config\.datamodule\.coordinates_col: "xyz" is needed/);
  assert.match(problems, /model\.config\.x_features: "physicsml_coordinates" is no column that the datamodule names/);
  assert.match(problems, /model\.config\.datamodule\.y_graph_scalars: "gap" is not in y_features/);
  assert.match(problems, /model\.config\.y_features: "u0" is in no head/);
});

test('cells that repeat in some directions only are refused by name', () => {
  const cell = [
    [3, 0, 0],
    [0, 3, 0],
    [0, 0, 3],
  ];
  const error = failure(() => parse(run({ cell, pbc: [true, false, true] }), more));
  assert.equal(error.code, 'NOT_AVAILABLE');
  assert.match(error.message, /datamodule\.pbc.*some directions only/);
});

test('a stage may have another cut_off and other batches, but reads the same columns', () => {
  parse(staged({ cut_off: 3, self_interaction: true, train: { batch_size: 2 } }), more);
  for (const datamodule of [{ num_elements: 6 }, { y_graph_scalars: ['u0'] }, { coordinates_col: 'r' }, { pbc: [true, true, true] }]) {
    const error = failure(() => parse(staged(datamodule), more));
    assert.equal(error.code, 'STAGE_INVALID', JSON.stringify(datamodule));
    assert.match(error.message, /stages\.0\.datamodule\.\w+: what is read is the same in all stages/);
  }
});

test('keys of molecules on a model of plain features are refused by name, in stages and in data too', () => {
  const plain = {
    name: 'small',
    data: { train: 'train.parquet', featurisation: 'featurisation_metadata.json' },
    model: {
      name: 'toy_regressor',
      config: {
        x_features: ['a'],
        y_features: ['b'],
        width: 4,
        datamodule: { num_elements: 5 },
        transfer_learning: { pre_trained_model_path: 'old', stages: [{ datamodule: { cut_off: 3 } }] },
      },
    },
    output: { path: 'out' },
  };
  const problems = problemsOf(plain, options);
  assert.equal(problems.length, 3);
  for (const place of ['model.config.datamodule.num_elements', 'stages.0.datamodule.cut_off', 'data.featurisation']) {
    assert.match(problems.join('\n'), new RegExp(`${place}: not available for "toy_regressor", which reads plain features`));
  }
});

test('a featurisation is a path, the content of such a file, or its list', () => {
  const entry = { column: 'mol', representations: [] };
  for (const featurisation of ['featurisation_metadata.json', { version: 1, config: [entry] }, [entry], null]) {
    assert.deepEqual(parse(run({}, {}, { featurisation }), more).data.featurisation, featurisation);
  }
  assert.equal(problemsOf(run({}, {}, { featurisation: 5 }), more).length, 1);
});
