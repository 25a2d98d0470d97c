import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { JsonObject } from '../../src/contracts/json.ts';
import { loadBackend } from '../../src/kernels/backend.ts';
import { mlpClassifier } from '../../src/models/mlp-classifier.ts';
import { lightningMlpRegressor, mlpRegressor } from '../../src/models/mlp-regressor.ts';
import { floats, hasCode, randomParams, testContext } from './support.ts';

const shapes = (tree: ReturnType<typeof mlpRegressor.describe>) => Object.fromEntries(tree.tensors.map(({ path, shape }) => [path, shape]));

void test('the regressor has molflux names, shapes and defaults', () => {
  const tree = mlpRegressor.describe({ num_layers: 3, hidden_dim: 8 }, { inputWidth: 4, outputWidth: 2 });
  assert.deepEqual(shapes(tree), {
    'module.0.weight': [8, 4],
    'module.0.bias': [8],
    'module.2.weight': [8, 8],
    'module.2.bias': [8],
    'module.4.weight': [2, 8],
    'module.4.bias': [2],
  });
  assert.deepEqual(shapes(mlpRegressor.describe({}, { inputWidth: 4, outputWidth: 1 })), {
    'module.0.weight': [128, 4],
    'module.0.bias': [128],
    'module.2.weight': [1, 128],
    'module.2.bias': [1],
  });
  assert.deepEqual(mlpRegressor.defaults, { optimizer: { name: 'Adam', config: { lr: 1e-4 } }, scheduler: null });
  assert.equal(lightningMlpRegressor.name, 'lightning_mlp_regressor');
});

void test('weights and biases start uniform within 1 / sqrt(inputs), as in torch', () => {
  const { tensors } = mlpRegressor.describe({ hidden_dim: 4 }, { inputWidth: 25, outputWidth: 1 });
  const initializers = Object.fromEntries(tensors.map(({ path, initializer }) => [path, initializer]));
  assert.deepEqual(initializers['module.0.weight'], { kind: 'uniform', low: -0.2, high: 0.2 });
  assert.deepEqual(initializers['module.0.bias'], { kind: 'uniform', low: -0.2, high: 0.2 });
  assert.deepEqual(initializers['module.2.bias'], { kind: 'uniform', low: -0.5, high: 0.5 });
});

void test("the regressor's loss is the mean squared error, or the one that loss_config names", async () => {
  await loadBackend('cpu');
  const { ctx } = testContext({});
  const loss = (config: JsonObject) => floats(mlpRegressor.loss(tf.tensor2d([[3], [1]]), tf.tensor2d([[1], [1]]), ctx.ops, config))[0];
  assert.equal(loss({}), 2);
  assert.equal(loss({ loss_config: { name: 'L1Loss', weight: 3 } }), 3);
  assert.deepEqual(mlpRegressor.gradientKernels({ loss_config: { name: 'L1Loss' } }).includes('Sign'), true);
  assert.throws(
    () => mlpRegressor.describe({ loss_config: { name: 'WeightedMSELoss' } }, { inputWidth: 1, outputWidth: 1 }),
    hasCode('MODEL_CONFIG_INVALID', /loss_config: WeightedMSELoss divides by atoms/),
  );
});

void test('a width that contradicts the data is an error that names both values', () => {
  const facts = { inputWidth: 4, outputWidth: 1 };
  assert.throws(() => mlpRegressor.describe({ input_dim: 5 }, facts), hasCode('MODEL_CONFIG_INVALID', /input_dim is 5.*is 4/));
  assert.throws(() => mlpRegressor.describe({ num_tasks: 3 }, facts), hasCode('MODEL_CONFIG_INVALID', /num_tasks is 3.*is 1/));
  assert.throws(
    () => mlpClassifier.describe({ classes: ['a', 'b'] }, { inputWidth: 4, outputWidth: 3 }),
    hasCode('MODEL_CONFIG_INVALID', /2.*3/),
  );
  assert.doesNotThrow(() => mlpRegressor.describe({ input_dim: 4, num_tasks: 1 }, facts));
});

void test('batch_norm and dropout add modules and move the positions behind them', () => {
  const tree = mlpClassifier.describe({ hidden_dim: 8, batch_norm: true, dropout: 0.5 }, { inputWidth: 4, outputWidth: 3 });
  assert.deepEqual(
    tree.tensors.map(({ path }) => path),
    [
      'module.0.weight',
      'module.0.bias',
      ...['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'].map((name) => `module.1.${name}`),
      'module.4.weight',
      'module.4.bias',
    ],
  );
});

void test('hyperparameters are strict and have molflux defaults', () => {
  const schema = mlpRegressor.hyperparameters(z);
  assert.deepEqual(schema.parse({}), { num_layers: 2, hidden_dim: 128, activation: 'SiLU', dropout: 0, batch_norm: false });
  assert.equal(schema.safeParse({ hidden_dims: 3 }).success, false);
  assert.equal(schema.safeParse({ dropout: 1 }).success, false);
  assert.equal(mlpClassifier.hyperparameters(z).safeParse({ num_tasks: 1 }).success, false);
});

void test('one layer is a linear model, and its output is computed by hand', async () => {
  await loadBackend('wasm');
  const params = { 'module.0.weight': tf.tensor2d([1, 2, 3, 4], [2, 2]), 'module.0.bias': tf.tensor1d([10, 20]) };
  const { ctx } = testContext({ num_layers: 1 });
  assert.deepEqual([...floats(mlpRegressor.forward(params, tf.tensor2d([1, -1], [1, 2]), ctx))], [9, 19]);
});

void test('describing needs no tensors', async () => {
  await loadBackend('wasm');
  const before = tf.memory().numTensors;
  const { tensors } = mlpClassifier.describe({}, { inputWidth: 4, outputWidth: 3 });
  assert.equal(tf.memory().numTensors, before);
  assert.ok(Object.keys(randomParams(tensors)).length > 0);
});
