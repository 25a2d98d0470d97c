import assert from 'node:assert/strict';
import test from 'node:test';
import { parseSavedModel } from '../../src/artifacts/saved-model/parse.ts';
import { graphColumnsOf, neighbourPlanOf } from '../../src/contracts/graph-columns.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import type { Plan } from '../../src/contracts/plan.ts';
import { featurisationDocument, modelConfigDocument } from '../../src/plan/model-config-document.ts';

const X = ['idxs', 'physicsml_atom_numbers', 'xyz', 'physicsml_atom_features', 'charge'];
const DATAMODULE = {
  num_elements: 4,
  cut_off: 3,
  self_interaction: true,
  pbc: [true, true, true],
  cell: [
    [9, 0, 0],
    [0, 9, 0],
    [0, 0, 9],
  ],
  node_idxs_col: 'idxs',
  coordinates_col: 'xyz',
  graph_attrs_cols: ['charge'],
  y_graph_scalars: ['u'],
  y_node_scalars: ['q'],
};

/** The parts of a plan that are published; the rest is not read. */
function plan(more: object = {}): Plan {
  const columns = graphColumnsOf(DATAMODULE, X, ['u', 'q'], []);
  const stage = {
    trainer: { maxEpochs: 3, gradientClipVal: null, gradientClipAlgorithm: 'norm' },
    optimizer: { name: 'Adam', config: { lr: 0.1 } },
    scheduler: {
      name: 'ReduceLROnPlateau',
      config: {},
      interval: 'epoch',
      frequency: 1,
      monitor: { name: 'val/total/loss', strict: true },
    },
    datamodule: {
      train: { batchSize: 8, dropLast: true, shuffle: true },
      validation: { batchSize: 4, dropLast: false },
      test: { batchSize: 4 },
      predict: { batchSize: 32 },
      neighbours: { ...neighbourPlanOf(DATAMODULE), cutOff: 2.5 },
    },
  };
  const facts = {
    inputWidth: 0,
    outputWidth: 2,
    graph: {
      numElements: 4,
      nodeAttrWidth: 3,
      edgeAttrWidth: 0,
      graphAttrWidth: 2,
      hasTotalAtomicEnergy: false,
      cutOff: 3,
      targets: { y_graph_scalars: 1, y_node_scalars: 1 },
    },
  };
  return {
    model: { name: 'my_graph_model', config: { width: 7 }, xFeatures: X, yFeatures: ['u', 'q'], facts, definitionVersion: '2' },
    data: { request: { graph: columns }, facts: { xWidths: {} } },
    stages: [stage],
    initial: { kind: 'fresh' },
    ...more,
  } as unknown as Plan;
}

test('what a run publishes is read again with the same facts, columns and neighbours', () => {
  const published = plan();
  const saved = parseSavedModel(modelConfigDocument(published), 'm');
  assert.deepEqual(saved.facts, published.model.facts, 'also where the start of a radial basis is not the last cut_off');
  assert.deepEqual(saved.graph?.columns, published.data.request.graph);
  assert.deepEqual(saved.graph?.neighbours, published.stages[0]?.datamodule.neighbours);
  assert.deepEqual([saved.name, saved.config, saved.xFeatures, saved.yFeatures], ['my_graph_model', { width: 7 }, X, ['u', 'q']]);
  assert.equal(saved.predictBatchSize, 32);
});

test('sections have the keys of molflux, and only those', () => {
  const { config, version, tag } = modelConfigDocument(plan()) as { config: Record<string, JsonObject>; version: string; tag: string };
  assert.deepEqual([tag, version], ['my_graph_model', '0.8.0']);
  const datamodule = config['datamodule'] ?? {};
  assert.deepEqual(datamodule['train'], { batch_size: 8, drop_last: true });
  assert.deepEqual(datamodule['cell'], DATAMODULE.cell);
  assert.equal(datamodule['node_idxs_col'], 'idxs', 'a column that nothing reads keeps its key');
  assert.equal(datamodule['edge_idxs_col'], 'physicsml_bond_idxs');
  assert.deepEqual(config['scheduler'], {
    name: 'ReduceLROnPlateau',
    config: {},
    interval: 'epoch',
    frequency: 1,
    monitor: 'val/total/loss',
    strict: true,
  });
  assert.equal(config['trainer']?.['gradient_clip_algorithm'], null);
});

test('a featurisation is published complete: of the run itself, or carried from the pre-trained model', () => {
  assert.equal(featurisationDocument(plan()), null);
  const columns = [{ columns: ['a'], representations: [] }];
  const carried = { version: 1, config: [{ column: 'smiles', representations: [] }], runtime: { torch: '2' } };
  const initial = { kind: 'pre_trained', featurisation: carried };
  assert.deepEqual(featurisationDocument(plan({ initial })), carried);
  const data = { request: { featurisation: { config: columns } }, facts: { xWidths: {} } };
  assert.deepEqual(featurisationDocument(plan({ initial, data })), { version: 2, runtime: {}, config: columns });
});
