import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { JsonObject } from '../../../src/contracts/json.ts';
import type { TensorSpec } from '../../../src/contracts/tensors.ts';
import { loadBackend } from '../../../src/kernels/backend.ts';
import type { ForwardContext, GraphModel } from '../../../src/models/definition.ts';
import { adapterEgnnModel } from '../../../src/models/egnn/adapter-egnn-model.ts';
import { egnnModel } from '../../../src/models/egnn/egnn-model.ts';
import { meanVarEgnnModel } from '../../../src/models/egnn/mean-var-egnn-model.ts';
import { ssfEgnnModel } from '../../../src/models/egnn/ssf-egnn-model.ts';
import { composedOps } from '../../../src/ops/composed-ops.ts';
import { createOps } from '../../../src/ops/create-ops.ts';
import type { Ops } from '../../../src/ops/ops.ts';
import { assertClose, floats, hasCode, randomParams } from '../support.ts';
import { type CaseOptions, smallBatch, smallFacts } from './cases.ts';
import { graphGradients } from './gradients.ts';

const MSE = { name: 'MSELoss' };
const SMALL = { c_hidden: 4, num_layers: 1, y_graph_scalars_loss_config: MSE };
const MODELS = [egnnModel, meanVarEgnnModel, adapterEgnnModel, ssfEgnnModel];

void test("hyperparameters have physicsml's defaults", () => {
  const defaults = egnnModel.hyperparameters(z).parse({}) as JsonObject;
  const common = {
    compute_forces: false,
    num_edge_feats: 0,
    num_graph_feats: 0,
    num_rbf: 0,
    num_layers: 4,
    num_layers_phi: 2,
    num_layers_pooling: 2,
    c_hidden: 128,
    modify_coords: false,
    pool_type: 'sum',
    pool_from: 'nodes',
    dropout: null,
    mlp_activation: 'SiLU',
    mlp_output_activation: null,
    output_activation: null,
    scaling_mean: 0,
    scaling_std: 1,
    y_node_scalars_loss_config: null,
    y_edge_scalars_loss_config: null,
    y_node_vector_loss_config: null,
  };
  const chosen = { y_graph_scalars_loss_config: null };
  assert.deepEqual(defaults, { ...common, ...chosen, jitter: null });
  assert.deepEqual(meanVarEgnnModel.hyperparameters(z).parse({}), common);
  assert.deepEqual(ssfEgnnModel.hyperparameters(z).parse({}), { ...common, ...chosen });
  assert.deepEqual(adapterEgnnModel.hyperparameters(z).parse({}), { ...common, ...chosen, ratio_adapter_down: 10, initial_s: 0.01 });
  for (const model of MODELS) {
    assert.deepEqual(model.defaults.optimizer, { name: 'Adam', config: { lr: 1e-3 } });
    assert.deepEqual(model.defaults.scheduler, { name: 'CosineAnnealingLR', config: { T_max: 'num_steps' } });
  }
});

void test('special parameters start where physicsml starts them', () => {
  const starts = (model: GraphModel, config: JsonObject) =>
    Object.fromEntries(model.describe(config, smallFacts()).tensors.map(({ path, initializer }) => [path, initializer]));
  const basis = starts(egnnModel, { ...SMALL, num_rbf: 3 });
  assert.deepEqual(basis['egnn.egnn_blocks.0.edge_op.bessel_cut_off'], { kind: 'constant', value: 3 });
  const pi = Math.fround(Math.PI);
  assert.deepEqual(basis['egnn.egnn_blocks.0.edge_op.z_0k'], { kind: 'values', values: [0, pi, Math.fround(2 * pi)] });
  assert.deepEqual(starts(ssfEgnnModel, SMALL)['ssf_egnn.ssf.1.gamma'], { kind: 'ones' });
  assert.deepEqual(starts(ssfEgnnModel, SMALL)['ssf_egnn.ssf.1.beta'], { kind: 'zeros' });
  const adapter = starts(adapterEgnnModel, { ...SMALL, ratio_adapter_down: 4, initial_s: 0.2 });
  assert.deepEqual(adapter['adapter_egnn.s_params_after.1'], { kind: 'constant', value: 0.2 });
  assert.deepEqual(adapter['adapter_egnn.adapters_before.0.adapter_module.2.weight'], { kind: 'uniform', low: -1, high: 1 });
});

void test('hyperparameters that contradict the data are errors with both values, all at once', () => {
  assert.throws(
    () => egnnModel.describe({ ...SMALL, num_node_feats: 5, num_edge_feats: 3, num_graph_feats: 1 }, smallFacts({ bonds: true })),
    hasCode(
      'MODEL_CONFIG_INVALID',
      /num_node_feats: is 5, but num_elements 2 \+ 0 atom features is 2.*num_edge_feats: is 3, but .* is 2.*num_graph_feats: is 1, but .* is 0/s,
    ),
  );
  assert.throws(
    () => egnnModel.describe(SMALL, smallFacts({ bonds: true })),
    hasCode('MODEL_CONFIG_INVALID', /num_edge_feats: is 0, but .* is 2/),
  );
  assert.doesNotThrow(() => egnnModel.describe({ ...SMALL, num_node_feats: 2 }, smallFacts()));
});

void test('heads without what they read are errors', () => {
  const refused = (config: JsonObject, options: CaseOptions, pattern: RegExp) =>
    assert.throws(
      () => {
        egnnModel.describe(config, smallFacts(options));
        egnnModel.checkTraining?.(config, smallFacts(options));
      },
      hasCode('MODEL_CONFIG_INVALID', pattern),
    );
  refused({ ...SMALL, pool_from: 'edges' }, {}, /pool_from: is edges, but x_features has no bond features/);
  refused({ ...SMALL, y_edge_scalars_loss_config: MSE }, { edgeTasks: 1 }, /y_edge_scalars: needs bond features/);
  refused(
    { ...SMALL, y_node_scalars_loss_config: MSE },
    {},
    /y_node_scalars_loss_config: there is a loss, but datamodule\.y_node_scalars names no columns/,
  );
  refused({ c_hidden: 4 }, {}, /nothing to train.*\n.*set model\.config\.y_graph_scalars_loss_config: \{name: MSELoss\}/);
  refused(SMALL, { graphTasks: 0 }, /expected columns under y_graph_scalars/);
  assert.throws(
    () => egnnModel.describe(SMALL, { inputWidth: 3, outputWidth: 1 }),
    hasCode('MODEL_CONFIG_INVALID', /expected molecules, received plain features/),
  );
  assert.throws(
    () => meanVarEgnnModel.checkTraining?.({ c_hidden: 4, y_node_scalars_loss_config: MSE }, smallFacts({ graphTasks: 0, nodeTasks: 1 })),
    hasCode('MODEL_CONFIG_INVALID', /mean_var_egnn_model predicts a mean/),
  );
  assert.throws(
    () => adapterEgnnModel.describe(SMALL, smallFacts()),
    hasCode('MODEL_CONFIG_INVALID', /c_hidden 4 divided by ratio_adapter_down 10 leaves no channel/),
  );
});

void test('a model without a loss can be described, to predict, and not be trained', () => {
  assert.doesNotThrow(() => egnnModel.describe({ c_hidden: 4 }, smallFacts()));
  assert.throws(() => egnnModel.checkTraining?.({ c_hidden: 4 }, smallFacts()), hasCode('MODEL_CONFIG_INVALID', /nothing to train/));
});

void test('the memory of an edge grows with every width and depth', () => {
  const bytes = (config: JsonObject) => egnnModel.bytesPerEdge?.(config) ?? 0;
  assert.equal(bytes({ c_hidden: 12, num_layers: 2, num_layers_phi: 2 }), 4 * 12 * 3 * 2 * 8);
  for (const more of [{ c_hidden: 13 }, { num_layers: 3 }, { num_layers_phi: 3 }, { modify_coords: true }, { num_edge_feats: 1 }])
    assert.ok(bytes({ c_hidden: 12, num_layers: 2, ...more }) > bytes({ c_hidden: 12, num_layers: 2 }), JSON.stringify(more));
});

void test('forces and vectors are refused by name', () => {
  const facts = smallFacts();
  const withVector = { ...facts, graph: { ...facts.graph, targets: { y_graph_scalars: 1, y_node_vector: 1 } } } as typeof facts;
  assert.throws(
    () => egnnModel.describe({ ...SMALL, compute_forces: true, y_node_vector_loss_config: MSE }, withVector),
    hasCode('NOT_AVAILABLE', /compute_forces: forces .* not built.*y_node_vector_loss_config: .*datamodule\.y_node_vector: /s),
  );
});

void test('heads whose loss leaves out missing targets are known', () => {
  const masked = { name: 'MaskedMSELoss' };
  const config = { ...SMALL, y_graph_scalars_loss_config: { name: 'MultiTaskLoss' }, y_node_scalars_loss_config: masked };
  assert.deepEqual(egnnModel.maskedHeads(config), ['y_node_scalars', 'y_graph_scalars']);
  assert.deepEqual(meanVarEgnnModel.maskedHeads({ y_node_scalars_loss_config: masked }), ['y_node_scalars']);
});

void test("dropout masks are asked for where physicsml's Dropout modules are, phi_x has none", async () => {
  await loadBackend('wasm');
  const asked: string[] = [];
  run(
    egnnModel,
    { ...SMALL, num_layers: 0, dropout: 0.5, modify_coords: true },
    { dropoutMask: (path, shape) => (asked.push(path), tf.ones([...shape])) },
  );
  assert.deepEqual(asked, [
    'egnn.embed_nodes.2',
    'egnn.egnn_embedding_block.edge_op.phi_e.2',
    'egnn.egnn_embedding_block.node_op.attention.2',
    'egnn.egnn_embedding_block.node_op.phi_n.2',
    'pooling_head.headMLP1.2',
    'pooling_head.headMLP2.2',
  ]);
});

void test('jitter moves atoms by so many Angstrom times the normals that are drawn, in training only', async () => {
  await loadBackend('wasm');
  const jitter = 0.1;
  const normals = Float32Array.from({ length: 15 }, (_, index) => Math.sin(1 + 7 * index));
  const asked: [string, readonly number[]][] = [];
  const noise: ForwardContext['noise'] = (path, shape) => (asked.push([path, shape]), tf.tensor(normals, [...shape]));
  const moved = run(egnnModel, { ...SMALL, jitter }, { noise });
  assert.deepEqual(asked, [['jitter', [5, 3]]], 'one draw for every coordinate');
  const graphs = smallBatch();
  const byHand = floats(graphs.coordinates).map((coordinate, index) => coordinate + Math.fround(jitter) * (normals[index] ?? Number.NaN));
  const there = run(egnnModel, SMALL, {}, {}, { ...graphs, coordinates: tf.tensor(byHand, [5, 3]) });
  const still = run(egnnModel, SMALL, {});
  // Moved by the device or by hand, a coordinate may be rounded once more: 1e-7 of it, and a hundred such in a sum.
  const compare = (received: ArrayLike<number>, expected: ArrayLike<number>, what: string) =>
    assertClose(received, expected, { tolerance: 1e-5, what });
  compare(moved.outputs['y_graph_scalars'] ?? [], there.outputs['y_graph_scalars'] ?? [], 'outputs');
  for (const [path, gradient] of there.gradients) compare(moved.gradients.get(path) ?? [], gradient, path);
  assert.throws(() => compare(moved.outputs['y_graph_scalars'] ?? [], still.outputs['y_graph_scalars'] ?? [], 'atoms moved'));
  const evaluated = run(egnnModel, { ...SMALL, jitter }, { mode: () => 'eval' });
  assert.deepEqual(evaluated.outputs, still.outputs);
});

void test('a batch without any edge has finite outputs and gradients, in every model', async () => {
  await loadBackend('wasm');
  for (const model of MODELS) {
    const config = { ...SMALL, ratio_adapter_down: 2, num_rbf: 2, modify_coords: true };
    const { outputs, gradients } = run(model, config, {}, { apart: true });
    for (const values of [...Object.values(outputs), ...gradients.values()]) assert.ok(values.every(Number.isFinite), model.name);
  }
});

void test('a prediction does not change when a molecule is turned and moved', async () => {
  await loadBackend('wasm');
  const graphs = smallBatch();
  const turned = tf.tensor2d([0, 1, 0, -1, 0, 0, 0, 0, 1], [3, 3]);
  const elsewhere = { ...graphs, coordinates: tf.add(tf.matMul(graphs.coordinates, turned), tf.tensor1d([1, -2, 3])) };
  const config = { ...SMALL, num_rbf: 2, modify_coords: true };
  const params = randomWithCutOffs(egnnModel.describe(config, smallFacts()).tensors);
  const predict = (batch: typeof graphs) =>
    floats(egnnModel.forward(params, batch, context(config, { mode: () => 'eval' })).y_graph_scalars as tf.Tensor);
  const [here, there] = [predict(graphs), predict(elsewhere)];
  // Differences of coordinates are rounded at another place: 1e-6 relative.
  for (const [index, value] of here.entries()) assert.ok(Math.abs(value - (there[index] ?? Number.NaN)) <= 1e-5 * Math.abs(value));
});

function context(config: JsonObject, overrides: Partial<ForwardContext>, options: CaseOptions = {}): ForwardContext {
  const unexpected = (path: string): never => assert.fail(`unexpected call at ${path}`);
  return {
    config,
    facts: smallFacts(options),
    ops: composedOps(),
    isFrozen: () => false,
    mode: () => 'train',
    dropoutMask: unexpected,
    noise: unexpected,
    updateBuffer: () => undefined,
    ...overrides,
  };
}

void test('an output activation that is written out as Identity is applied per atom, before the sum', async () => {
  await loadBackend('wasm');
  const { tensors } = egnnModel.describe(SMALL, smallFacts());
  const params = randomParams(tensors);
  const graphs = smallBatch();
  const value = (mlpOutputActivation: string | null, ops: Ops) => {
    const ctx = context({ ...SMALL, mlp_output_activation: mlpOutputActivation }, { ops });
    return floats(tf.tidy(() => egnnModel.forward(params, graphs, ctx).y_graph_scalars as tf.Tensor));
  };
  const used: string[] = [];
  const fused = createOps();
  const watched: Ops = {
    ...fused,
    segmentNetwork: (...words) => {
      used.push('network');
      return fused.segmentNetwork(...words);
    },
    segmentSum: (...words) => {
      used.push('sum');
      return fused.segmentSum(...words);
    },
  };
  const folded = value(null, watched);
  assert.deepEqual(used, ['network']);
  assertClose(value('Identity', watched), folded, { tolerance: 1e-6, what: 'the same sum, rounded in another order' });
  assert.deepEqual(used, ['network', 'sum']);
});

function run(
  model: GraphModel,
  config: JsonObject,
  overrides: Partial<ForwardContext>,
  options: CaseOptions = {},
  graphs = smallBatch(options),
) {
  const { tensors } = model.describe(config, smallFacts(options));
  const paths = tensors.flatMap(({ path, kind }) => (kind === 'parameter' ? [path] : []));
  return graphGradients(model, {
    params: randomWithCutOffs(tensors),
    graphs,
    ctx: context(config, overrides, options),
    paths,
  });
}

/** Random parameters, but lengths as cut-offs: a negative one has no root. */
function randomWithCutOffs(tensors: readonly TensorSpec[]): Record<string, tf.Tensor> {
  const cutOffs = tensors.filter(({ path }) => path.endsWith('bessel_cut_off')).map(({ path }) => [path, tf.tensor1d([3])] as const);
  return { ...randomParams(tensors), ...Object.fromEntries(cutOffs) };
}
