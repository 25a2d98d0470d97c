import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { JsonObject } from '../../../src/contracts/json.ts';
import { loadBackend, missingKernels } from '../../../src/kernels/backend.ts';
import type { ForwardContext, GraphModel } from '../../../src/models/definition.ts';
import { LOSS_NAMES } from '../../../src/models/losses/loss-names.ts';
import { ACTIVATIONS } from '../../../src/models/read-config.ts';
import { findModel } from '../../../src/models/registry.ts';
import { composedOps } from '../../../src/ops/composed-ops.ts';
import { BACKENDS } from '../../helpers/backends.ts';
import { randomParams } from '../support.ts';
import { type CaseOptions, smallBatch, smallFacts } from './cases.ts';
import { graphGradients } from './gradients.ts';

/** Kernels that move no numbers or that every backend needs for anything at all. */
const EVERYWHERE = new Set(['Identity', 'Reshape', 'Cast', 'Fill', 'Add', 'Pack', 'Unpack']);

const MSE = { name: 'MSELoss' };
const SMALL = { c_hidden: 4, num_layers: 1, y_graph_scalars_loss_config: MSE };
const BONDS = { bonds: true };
const arguments_: Readonly<Record<string, JsonObject>> = {
  MultiTaskLoss: { losses_configs: [{ name: 'BCELoss' }, { name: 'HuberLoss' }] },
  PoissonNLLLoss: { log_input: false },
  BCEWithLogitsLoss: { pos_weight: [2, 3], weight: [1, 2] },
};

const cases: readonly (readonly [string, JsonObject, CaseOptions])[] = [
  ...ACTIVATIONS.map((mlp_activation) => ['egnn_model', { ...SMALL, mlp_activation }, {}] as const),
  ...ACTIVATIONS.map((output_activation) => ['egnn_model', { ...SMALL, output_activation }, {}] as const),
  ...LOSS_NAMES.filter((name) => name !== 'GaussianNLLLoss').map((name) => {
    const loss = { name, weight: 2, config: arguments_[name] ?? {} };
    return ['egnn_model', { ...SMALL, y_graph_scalars_loss_config: loss }, { graphTasks: name === 'WeightedMSELoss' ? 1 : 2 }] as const;
  }),
  ['egnn_model', { ...SMALL, num_rbf: 3, dropout: 0.5, jitter: 0.1, scaling_std: 2, pool_type: 'mean' }, {}],
  ['egnn_model', { ...SMALL, modify_coords: true, num_rbf: 2 }, {}],
  ['egnn_model', { ...SMALL, modify_coords: true, mlp_activation: null }, {}],
  ['egnn_model', { ...SMALL, num_edge_feats: 2, pool_from: 'edges' }, BONDS],
  ['egnn_model', { ...SMALL, num_edge_feats: 2, pool_from: 'nodes_edges', pool_type: 'mean' }, BONDS],
  [
    'egnn_model',
    { ...SMALL, num_edge_feats: 2, y_node_scalars_loss_config: MSE, y_edge_scalars_loss_config: MSE },
    { bonds: true, nodeTasks: 1, edgeTasks: 2 },
  ],
  ['mean_var_egnn_model', { c_hidden: 4, num_layers: 1, scaling_std: 2 }, {}],
  ['adapter_egnn_model', { ...SMALL, ratio_adapter_down: 2 }, {}],
  ['ssf_egnn_model', SMALL, {}],
];

for (const [name, config, options] of cases) {
  void test(`${name} with ${JSON.stringify(config)} names every kernel its backward pass runs, and the backends have them`, async () => {
    // On cpu, where no kernel is built from others: what is recorded is what the backward pass asked for.
    await loadBackend('cpu');
    const model = findModel(name) as GraphModel;
    const used = backwardKernels(model, config, options).filter((kernel) => !EVERYWHERE.has(kernel));
    const named = model.gradientKernels(config);
    assert.deepEqual(
      used.filter((kernel) => !named.includes(kernel)),
      [],
    );
    for (const backend of BACKENDS) {
      await loadBackend(backend);
      assert.deepEqual(missingKernels(named), []);
    }
  });
}

/** Kernels that run after the loss is known. */
function backwardKernels(model: GraphModel, config: JsonObject, options: CaseOptions): readonly string[] {
  const facts = smallFacts(options);
  const { tensors } = model.describe(config, facts);
  const used = new Set<string>();
  let backward = false;
  const originals = tf.getKernelsForBackend('cpu').map((kernel) => ({ kernel, run: kernel.kernelFunc }));
  const watched: GraphModel = {
    ...model,
    loss(outputs, graphs, ctx) {
      const loss = model.loss(outputs, graphs, ctx);
      return {
        ...loss,
        get heads() {
          // Read last, right before the backward pass.
          backward = true;
          return {};
        },
      };
    },
  };
  const ctx: ForwardContext = {
    config,
    facts,
    ops: composedOps(),
    isFrozen: () => false,
    mode: () => 'train',
    dropoutMask: (_path, shape) => tf.ones([...shape]),
    noise: (_path, shape) => tf.ones([...shape]),
    updateBuffer: () => undefined,
  };
  const graphs = smallBatch(options);
  const params = randomParams(tensors);
  const paths = tensors.flatMap(({ path, kind }) => (kind === 'parameter' ? [path] : []));
  try {
    for (const { kernel, run } of originals) {
      kernel.kernelFunc = (call) => {
        if (backward) used.add(kernel.kernelName);
        return run(call);
      };
    }
    graphGradients(watched, { params, graphs, ctx, paths });
  } finally {
    for (const { kernel, run } of originals) kernel.kernelFunc = run;
  }
  return [...used].sort();
}
