import assert from 'node:assert/strict';
import test from 'node:test';
import { checkRun } from '../../src/config/check-run.ts';
import { checkSavedConfig } from '../../src/config/check-saved-config.ts';
import type { Json, JsonObject } from '../../src/contracts/json.ts';
import { builtinModels } from '../../src/models/registry.ts';
import { failure, moleculeRun, smallRun } from './helpers.ts';

const problems = (run: unknown) => checkRun(run as Json, builtinModels).map(({ path, text }) => `${path.slice(2).join('.')}: ${text}`);

const EGNNS = builtinModels.filter(({ inputs }) => inputs === 'graphs').map(({ name }) => name);

test('every count of layers has an upper limit of 1,000 in a run file, so that a slip of the finger does not fill the memory', () => {
  assert.ok(EGNNS.length >= 4, String(EGNNS));
  for (const model of EGNNS) {
    for (const key of ['num_layers', 'num_layers_phi', 'num_layers_pooling']) {
      assert.ok(!problems(moleculeRun(model, { [key]: 1000 })).some((text) => text.startsWith(key)), key);
      const [found = ''] = problems(moleculeRun(model, { [key]: 1e9 })).filter((text) => text.startsWith(key));
      assert.match(found, /: expected a whole number >= [01] and <= 1000, received 1000000000$/u, `${model} ${key}`);
    }
  }
  const plain = (name: string, config: JsonObject) =>
    problems(smallRun({}, { model: { name, config: { x_features: ['a'], y_features: ['b'], ...config } } }));
  for (const name of ['mlp_regressor', 'mlp_classifier'])
    assert.deepEqual(plain(name, { num_layers: 1001 }), ['num_layers: expected a whole number >= 1 and <= 1000, received 1001']);
  const channels = Array.from({ length: 1001 }, () => 1);
  assert.match(
    plain('cnn_classifier', { input_shape: [1, 8, 8], channels }).join('\n'),
    /^channels: expected a non-empty list of whole numbers >= 1, at most 1000 of them, received \[1,1,/u,
  );
});

test('a damaged model_config.json with a thousand million layers is refused before anything is made of it', () => {
  const document = { name: 'egnn_model', config: { num_layers: 1e9 } };
  const error = failure(() => checkSavedConfig(document, { path: 'm/model_config.json', models: builtinModels }));
  assert.equal(error.code, 'CHECKPOINT_INVALID');
  assert.match(error.message, /config\.num_layers: expected a whole number >= 0 and <= 1000, received 1000000000/u);
});
