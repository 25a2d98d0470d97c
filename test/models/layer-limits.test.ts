import assert from 'node:assert/strict';
import test from 'node:test';
import { cnnClassifier } from '../../src/models/cnn-classifier.ts';
import { readEgnnSettings } from '../../src/models/egnn/settings.ts';
import { mlpRegressor } from '../../src/models/mlp-regressor.ts';
import { failure } from '../config/helpers.ts';

const refused = (run: () => unknown, text: string): void => {
  const error = failure(run);
  assert.equal(error.code, 'MODEL_CONFIG_INVALID');
  assert.ok(error.message.startsWith(text), error.message);
};

test('a model never begins to list more than 1,000 layers, whoever wrote the number', () => {
  const widths = { inputWidth: 4, outputWidth: 2 };
  const mlp = (num_layers: number) => mlpRegressor.describe({ num_layers, hidden_dim: 2 }, widths);
  assert.equal(mlp(1000).tensors.length, 2000);
  refused(() => mlp(1001), 'model.config.num_layers: expected a whole number of at least 1 and at most 1000, received 1001.');
  for (const key of ['num_layers', 'num_layers_phi', 'num_layers_pooling']) {
    const settings = (value: number) => readEgnnSettings({ [key]: value });
    settings(1000);
    refused(() => settings(1e9), `model.config.${key}: expected a whole number of at least `);
  }
  const convolutions = (length: number) =>
    cnnClassifier.describe(
      { input_shape: [1, 1, 4], channels: Array.from({ length }, () => 1), pooling: 1, classes: [0, 1] },
      { ...widths, inputWidth: 4 },
    );
  convolutions(1000);
  refused(() => convolutions(1001), 'model.config.channels: expected at most 1000 convolutions, received 1001.');
});
