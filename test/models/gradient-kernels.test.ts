import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import type { JsonObject } from '../../src/contracts/json.ts';
import { loadBackend, missingKernels } from '../../src/kernels/backend.ts';
import type { FeatureModel } from '../../src/models/definition.ts';
import { ACTIVATIONS } from '../../src/models/read-config.ts';
import { findModel } from '../../src/models/registry.ts';
import { BACKENDS } from '../helpers/backends.ts';
import { gradientsOf, randomParams, testContext } from './support.ts';

/** Kernels that move no numbers or that every backend needs for anything at all. */
const EVERYWHERE = new Set(['Identity', 'Reshape', 'Cast', 'Fill', 'Add']);

const cases: readonly (readonly [string, JsonObject])[] = [
  ...ACTIVATIONS.map((activation) => ['mlp_regressor', { activation, hidden_dim: 4, num_layers: 3 }] as const),
  ['mlp_classifier', { batch_norm: true, dropout: 0.5, hidden_dim: 4 }],
  ...ACTIVATIONS.map((activation) => ['cnn_classifier', { activation, input_shape: [3, 4, 4], channels: [2, 2], dropout: 0.5 }] as const),
  ['cnn_classifier', { batch_norm: true, input_shape: [3, 4, 4], channels: [2] }],
];

for (const [name, config] of cases) {
  void test(`${name} with ${JSON.stringify(config)} names every kernel its backward pass runs, and the backends have them`, async () => {
    // On cpu, where no kernel is built from others: what is recorded is what the backward pass asked for.
    await loadBackend('cpu');
    const model = findModel(name) as FeatureModel;
    const used = backwardKernels(model, config).filter((kernel) => !EVERYWHERE.has(kernel));
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
function backwardKernels(model: FeatureModel, config: JsonObject): readonly string[] {
  const classes = model.task === 'classification';
  const { tensors } = model.describe(config, { inputWidth: 48, outputWidth: classes ? 3 : 1 });
  const { ctx } = testContext(config, { mask: (_path, shape) => tf.ones([...shape]) });
  const used = new Set<string>();
  let backward = false;
  const originals = tf.getKernelsForBackend('cpu').map((kernel) => ({ kernel, run: kernel.kernelFunc }));
  const watched: FeatureModel = {
    ...model,
    loss(outputs, targets, ops, settings) {
      const loss = model.loss(outputs, targets, ops, settings);
      backward = true;
      return loss;
    },
  };
  try {
    for (const { kernel, run } of originals) {
      kernel.kernelFunc = (call) => {
        if (backward) used.add(kernel.kernelName);
        return run(call);
      };
    }
    gradientsOf(watched, {
      params: randomParams(tensors),
      ctx,
      inputs: tf.ones([4, 48]),
      targets: classes ? tf.tensor1d([0, 1, 2, 0], 'int32') : tf.zeros([4, 1]),
    });
  } finally {
    for (const { kernel, run } of originals) kernel.kernelFunc = run;
  }
  return [...used].sort();
}
