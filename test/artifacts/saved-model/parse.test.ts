import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { loadSavedModel } from '../../../src/artifacts/saved-model/load.ts';
import { parseSavedModel } from '../../../src/artifacts/saved-model/parse.ts';
import { readFeaturisation, readModelConfig } from '../../../src/artifacts/saved-model/read.ts';
import type { JsonObject } from '../../../src/contracts/json.ts';
import { temporaryDirectory } from '../../helpers/store-faults.ts';

const golden = join(import.meta.dirname, '../../fixtures/golden');

test('a directory of physicsml says what the model is, which columns it reads and how its molecules become graphs', async () => {
  const { saved, weights } = await loadSavedModel(join(golden, 'a_saved_egnn/model'));
  assert.equal(weights.size, 48);
  assert.equal(saved.name, 'egnn_model');
  assert.equal(saved.config['c_hidden'], 8);
  assert.ok(!Object.hasOwn(saved.config, 'trainer') && !Object.hasOwn(saved.config, 'x_features'), 'hyperparameters only');
  assert.deepEqual(saved.facts, {
    inputWidth: 0,
    outputWidth: 1,
    graph: {
      numElements: 5,
      nodeAttrWidth: 0,
      edgeAttrWidth: 0,
      graphAttrWidth: 0,
      hasTotalAtomicEnergy: false,
      cutOff: 5,
      targets: { y_graph_scalars: 1 },
    },
  });
  assert.deepEqual(saved.graph?.neighbours, { cutOff: 5, selfInteraction: false, cell: null });
  assert.equal(saved.graph?.columns.coordinates, 'physicsml_coordinates');
  assert.equal(saved.predictBatchSize, 64);
  assert.ok(Array.isArray(saved.featurisation?.['config']));
});

test('a directory of molflux is a model of plain features', async () => {
  const { saved } = await loadSavedModel(join(golden, 'c_mlp/pre_trained_model'));
  assert.deepEqual(saved.facts, { inputWidth: 4, outputWidth: 1 });
  assert.equal(saved.graph, null);
  assert.equal(saved.featurisation, null);
});

const MLP = { name: 'mlp_regressor', config: { x_features: ['a', 'b'], y_features: ['y'], hidden_dim: 3 } };

test('what earlier versions published is read: x_widths beside the config', () => {
  assert.deepEqual(parseSavedModel({ ...MLP, x_widths: { a: 2, b: 3 } }, 'm').facts, { inputWidth: 5, outputWidth: 1 });
  const { classes, facts } = parseSavedModel(
    { name: 'mlp_classifier', config: { ...MLP.config, classes: ['x', 'y', 'z'] }, x_widths: { a: 1, b: 1 } },
    'm',
  );
  assert.deepEqual([classes, facts], [['x', 'y', 'z'], { inputWidth: 2, outputWidth: 3 }]);
});

/** A molecule model with further features of every kind. */
function molecules(config: JsonObject = {}, datamodule: JsonObject = {}): JsonObject {
  return {
    name: 'egnn_model',
    config: {
      x_features: [
        'physicsml_atom_idxs',
        'physicsml_atom_numbers',
        'physicsml_coordinates',
        'physicsml_atom_features',
        'physicsml_bond_idxs',
        'physicsml_bond_features',
        'physicsml_total_atomic_energy',
        'charge',
      ],
      y_features: ['u', 'v'],
      datamodule: { num_elements: 4, cut_off: 3, y_graph_scalars: ['v', 'u'], graph_attrs_cols: ['charge'], ...datamodule },
      num_node_feats: 7,
      num_edge_feats: 2,
      num_graph_feats: 1,
      ...config,
    },
  };
}

test('widths of further features follow from the hyperparameters of physicsml', () => {
  const { facts, graph } = parseSavedModel(molecules(), 'm');
  assert.deepEqual(facts.graph, {
    numElements: 4,
    nodeAttrWidth: 3,
    edgeAttrWidth: 2,
    graphAttrWidth: 1,
    hasTotalAtomicEnergy: true,
    cutOff: 3,
    targets: { y_graph_scalars: 2 },
  });
  assert.deepEqual(graph?.columns.targets, { y_graph_scalars: ['u', 'v'] }, 'in the order of y_features');
});

for (const [kind, document, sentence] of [
  ['no name', { config: MLP.config }, /expected "name" and "config"/],
  ['no columns', { name: 'm', config: {} }, /expected lists of column names/],
  ['no widths', MLP, /expected the values per row of all x columns in config\.input_dim or x_widths/],
  ['labels that are none', { ...MLP, config: { ...MLP.config, classes: [[]] } }, /expected a list of labels/],
  [
    'fewer node features than elements',
    molecules({ num_node_feats: 3 }),
    /at least num_elements \(4\) in config\.num_node_feats, received 3/,
  ],
  ['a target that is nowhere', molecules({ y_features: ['u', 'v', 'w'] }), /config\.y_features: "w" is in no head/],
  [
    'a number of elements that is text',
    molecules({}, { num_elements: '4' }),
    /config\.datamodule\.num_elements: [^\n]*received "4"\nFix: /,
  ],
  ['a cut-off that is text', molecules({}, { cut_off: 'abc' }), /config\.datamodule\.cut_off: [^\n]*received "abc"\nFix: [^\n]*[^.]\.$/],
  ['molecules without a number of elements', molecules({}, { num_elements: null }), /datamodule\.num_elements instead\)\.\nFix: /],
  ['a column that is nowhere', molecules({}, { graph_attrs_cols: null }), /config\.x_features: "charge" is no column/],
] as const) {
  test(`a model_config.json with ${kind} is refused, naming the place`, () => {
    assert.throws(() => parseSavedModel(document, 'model_config.json'), { code: 'CHECKPOINT_INVALID', message: sentence });
  });
}

test('cells that are periodic in some directions only are refused by name', () => {
  const cell = [
    [9, 0, 0],
    [0, 9, 0],
    [0, 0, 9],
  ];
  assert.throws(() => parseSavedModel(molecules({}, { pbc: [true, true, false], cell }), 'm'), { code: 'NOT_AVAILABLE' });
  assert.deepEqual(parseSavedModel(molecules({}, { pbc: [true, true, true], cell }), 'm').graph?.neighbours.cell, cell);
});

test('documents that are damaged are refused; the placeholder of a missing featurisation is none', async (t) => {
  const directory = await temporaryDirectory(t);
  await assert.rejects(readModelConfig(directory), { code: 'FILE_NOT_FOUND', message: /model_config\.json/u });
  assert.equal(await readFeaturisation(directory), null);
  await writeFile(join(directory, 'featurisation_metadata.json'), '{"config": [], "runtime": {}, "version": 2}');
  assert.equal(await readFeaturisation(directory), null);
  await writeFile(join(directory, 'featurisation_metadata.json'), '[1]');
  await assert.rejects(readFeaturisation(directory), { code: 'CHECKPOINT_INVALID', message: /is not a JSON object/u });
  await writeFile(join(directory, 'model_config.json'), '{');
  await assert.rejects(readModelConfig(directory), { code: 'CHECKPOINT_INVALID', message: /is not JSON/u });
});

test('weights alone do not say which model they belong to', async (t) => {
  const path = join(await temporaryDirectory(t), 'm.ckpt');
  await writeFile(path, await readFile(join(golden, 'c_mlp/pre_trained_model/model_artefacts/module_checkpoint.ckpt')));
  await assert.rejects(loadSavedModel(path), { code: 'CHECKPOINT_UNSUPPORTED', message: /weights alone/u });
  const pickled = join(path, '..', 'forest', 'model_artefacts');
  await mkdir(pickled, { recursive: true });
  await writeFile(join(pickled, 'model.pkl'), 'x');
  await assert.rejects(loadSavedModel(join(pickled, '..')), { code: 'CHECKPOINT_UNSUPPORTED', message: /never read/u });
});
