import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { checkSavedConfig } from '../../src/config/check-saved-config.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import { builtinModels } from '../../src/models/registry.ts';
import { failure } from './helpers.ts';

const top = join(import.meta.dirname, '../..');
const read = (path: string) => JSON.parse(readFileSync(join(top, path, 'model_config.json'), 'utf8')) as JsonObject;
const check = (document: JsonObject) => checkSavedConfig(document, { path: 'm/model_config.json', models: builtinModels });
const EGNN = read('test/fixtures/golden/a_saved_egnn/model');

/** The document of a model that physicsml saved, with other hyperparameters and another datamodule; undefined takes a key away. */
function changed(config: Readonly<Record<string, unknown>>, datamodule: Readonly<Record<string, unknown>> = {}): JsonObject {
  const before = EGNN['config'] as JsonObject;
  const section = { ...(before['datamodule'] as JsonObject), ...datamodule };
  return JSON.parse(JSON.stringify({ ...EGNN, config: { ...before, datamodule: section, ...config } })) as JsonObject;
}

for (const path of [
  'test/fixtures/golden/a_saved_egnn/model',
  'test/fixtures/golden/c_egnn/pre_trained_model',
  'test/fixtures/golden/c_mlp/pre_trained_model',
]) {
  test(`nothing is wrong with ${path}, which physicsml or molflux saved`, () => assert.deepEqual(check(read(path)), []));
}

test('every value that a run file could not have is refused at once, with its place and what was expected', () => {
  const document = changed(
    { c_hidden: '8', x_features: [] },
    { cut_off: 'abc', self_interaction: 'no', num_elements: '5', pbc: true, graph_attrs_cols: 5, predict: { batch_size: 0 } },
  );
  const error = failure(() => check(document));
  assert.equal(error.code, 'CHECKPOINT_INVALID');
  assert.match(error.message, /^"m\/model_config\.json" does not describe a saved model: 8 problems\.\n/u);
  assert.match(error.message, /\nFix: [^\n]*[^.]\.$/u);
  const found = (error.details['problems'] as { where: string; text: string }[]).map(({ where, text }) => `${where}: ${text}`);
  for (const wanted of [
    'config.x_features: expected a non-empty list of column names, received []',
    'config.c_hidden: expected a whole number >= 1, received "8"',
    'config.datamodule.cut_off: expected a number > 0, received "abc"',
    'config.datamodule.self_interaction: expected true or false, received "no"',
    'config.datamodule.num_elements: expected a whole number >= 1, received "5"',
    'config.datamodule.pbc: expected three booleans, or null, received true',
    'config.datamodule.graph_attrs_cols: expected a list of column names, or null, received 5',
    'config.datamodule.predict.batch_size: expected a whole number >= 1, received 0',
  ])
    assert.ok(found.includes(wanted), `${wanted}\n\n${found.join('\n')}`);
  assert.match(failure(() => check(changed({}, { cut_off: null }))).message, /config\.datamodule\.cut_off: [^\n]*received null/u);
});

test('a key that is a slip of one that is not there is refused: the default would count instead', () => {
  const document = changed(
    { pool_type: undefined, pool_typ: 'mean', mlp_activation: undefined, mlp_activatoin: 'ReLU' },
    { cut_off: undefined, cut_of: 3, predict: { batchsize: 2 } },
  );
  const error = failure(() => check(document));
  assert.equal(error.code, 'CHECKPOINT_INVALID');
  for (const [slip, key] of [
    ['config.pool_typ', 'pool_type'],
    ['config.mlp_activatoin', 'mlp_activation'],
    ['config.datamodule.cut_of', 'cut_off'],
    ['config.datamodule.predict.batchsize', 'batch_size'],
  ])
    assert.ok(error.message.includes(`\n  ${slip}: unknown key. Did you mean "${key}"?`), error.message);
});

test('keys of other versions are no reason to refuse a model: one warning names them', () => {
  const [warning = '', ...rest] = check(changed({ cutoff: 3, radial: [1] }, { cut_of: 3, train: { batch_size: 1, sampler: 'x' } }));
  assert.deepEqual(rest, []);
  assert.equal(
    warning,
    '"m/model_config.json" has 4 keys that are not known here and have no effect: config.cutoff, config.radial, config.datamodule.train.sampler, config.datamodule.cut_of.',
  );
  const many = Object.fromEntries(Array.from({ length: 8 }, (_, key) => [`of_${key}_another`, key]));
  assert.match(check(changed(many))[0] ?? '', /8 keys [^:]*: (?:[^,]*, ){4}[^,]* and 3 more\.$/u);
  assert.match(check(changed({ other: 1 }))[0] ?? '', /has a key that is not known here and has no effect: config\.other\.$/u);
});

test('what is left out, what trains only and is not built, and documents of models that are not known are not judged', () => {
  assert.deepEqual(check({ name: 'cnn_classifier', config: {} }), []);
  assert.deepEqual(check(changed({ mlp_activation: 'GLU' }, { train: { batch_size: { one: 8 } }, test: { drop_last: true } })), []);
  assert.deepEqual(check({ name: 'painn_model', config: { cut_off: 'abc', datamodule: 5 } }), []);
  assert.deepEqual(check({ name: 'egnn_model' }), []);
});

test('what molflux saves of a network of one layer, and an empty list of columns for none, are in order', () => {
  const network = { x_features: ['a'], y_features: ['b'], input_dim: 1, num_layers: 1, hidden_dim: null, num_tasks: 1 };
  assert.deepEqual(check({ name: 'lightning_mlp_regressor', config: network }), []);
  assert.deepEqual(check(changed({}, { graph_attrs_cols: [] })), []);
});
