import assert from 'node:assert/strict';
import test from 'node:test';
import { parseRunObject } from '../../src/config/parse-run.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import { builtinModels } from '../../src/models/registry.ts';
import { buildDataRequest } from '../../src/planner/data-request.ts';
import { runDocument, type Variation } from './support.ts';

const requestOf = (data: JsonObject, more: Variation = {}) => {
  const run = parseRunObject(runDocument({ data, ...more }), { source: 'test', models: builtinModels });
  const definition = builtinModels.find(({ name }) => name === run.model.name);
  if (definition === undefined) throw new TypeError(`no model ${run.model.name}`);
  return buildDataRequest(run, '/runs', { definition });
};

test('paths become absolute, relative to the run file', () => {
  const { sources } = requestOf({ train: 'a/train.csv', validation: '/elsewhere/v.parquet', test: '../t.jsonl' });
  assert.deepEqual(sources, {
    kind: 'separate',
    train: { kind: 'files', path: '/runs/a/train.csv' },
    validation: { kind: 'files', path: '/elsewhere/v.parquet' },
    test: { kind: 'files', path: '/t.jsonl' },
  });
});

test('splits that are not there are null, and so is the row id', () => {
  const request = requestOf({ train: 'train.csv', validation: null });
  assert.ok(request.sources.kind === 'separate');
  assert.deepEqual([request.sources.validation, request.sources.test, request.rowId], [null, null, null]);
  assert.deepEqual([request.x, request.y, request.classes], [['a', 'b'], ['y'], null]);
});

test('a split says all its numbers: what is left out is 0.8, 0.1, 0.1 and seed 0', () => {
  const split = (section: JsonObject) => {
    const { sources } = requestOf({ source: 'all.csv', row_id: 'id', split: { name: 'shuffle_split', ...section } });
    assert.ok(sources.kind === 'split');
    return sources.split;
  };
  const defaults = { name: 'shuffle_split', trainFraction: 0.8, validationFraction: 0.1, testFraction: 0.1, splitSeed: 0 };
  assert.deepEqual(split({}), defaults);
  assert.deepEqual(split({ presets: { train_fraction: 0.5 }, split_seed: 3 }), { ...defaults, trainFraction: 0.5, splitSeed: 3 });
});

test('a query keeps its text; its files become absolute under their names', () => {
  const sql = 'SELECT * FROM rows JOIN names USING (id)';
  const { sources } = requestOf({ train: { sql, files: { rows: 'rows-*.parquet', names: '/data/names.csv' }, row_id: 'id' } });
  assert.ok(sources.kind === 'separate');
  assert.deepEqual(sources.train, { kind: 'sql', sql, files: { rows: '/runs/rows-*.parquet', names: '/data/names.csv' }, rowId: 'id' });
});

test('given classes come along', () => {
  const { classes } = requestOf({ train: 'train.csv' }, { model: 'mlp_classifier', config: { classes: ['b', 'a'] } });
  assert.deepEqual(classes, ['b', 'a']);
});
