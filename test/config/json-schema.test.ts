import assert from 'node:assert/strict';
import test from 'node:test';
import { describeKeys } from '../../src/config/describe-keys.ts';
import { runFileJsonSchema } from '../../src/config/json-schema.ts';
import { optimizerClasses } from '../../src/config/optimizer-keys.ts';
import type { Json, JsonObject } from '../../src/contracts/json.ts';
import { options, toyModel } from './helpers.ts';

/** The value at a path of the JSON Schema; references are followed. */
const at = (schema: Json, ...path: (string | number)[]): Json =>
  path.reduce<Json>((here, part) => {
    const next = Reflect.get(here as object, part) as Json;
    const { $ref: reference } = (next ?? {}) as { readonly $ref?: string };
    return reference === undefined ? next : at(whole, 'definitions', reference.replace('#/definitions/', ''));
  }, schema);

const whole = runFileJsonSchema(options.models);

void test('the JSON Schema is draft 7, strict, and covers the models', () => {
  const schema = whole;
  assert.equal(schema['$schema'], 'http://json-schema.org/draft-07/schema#');
  assert.equal(schema['additionalProperties'], false);
  assert.deepEqual(schema['required'], ['name', 'data', 'output', 'model']);
  assert.ok(at(schema, 'properties', 'seed_everything'));
  const variant = at(schema, 'properties', 'model', 'anyOf', 0);
  assert.equal(at(variant, 'properties', 'name', 'const'), 'toy_regressor');
  assert.equal(at(variant, 'properties', 'config', 'additionalProperties'), false);
  assert.equal(at(variant, 'properties', 'config', 'properties', 'width', 'minimum'), 1);
  const optimizer = at(variant, 'properties', 'config', 'properties', 'optimizer', 'properties');
  assert.deepEqual(at(optimizer, 'name', 'anyOf', 0, 'enum'), [...optimizerClasses.available.keys()]);
  assert.equal(at(optimizer, 'config', 'anyOf', 2, 'title'), 'SGD');
});

void test('descriptions say what is not available, and our own annotations do not leak', () => {
  const text = JSON.stringify(runFileJsonSchema([toyModel]));
  assert.match(text, /A condition or approval before the next stage\. \(not available yet\)/u);
  assert.doesNotMatch(text, /"availability":|"words":/u);
});

void test('every key has a description', () => {
  const bare = describeKeys([]).filter(({ description }) => description === '');
  assert.deepEqual(bare, []);
});

void test('key descriptions are complete: sections, classes, callbacks, stages and hyperparameters', () => {
  const keys = describeKeys([toyModel]);
  const find = (path: string, of: string | null = null) => keys.find((key) => key.path === path && key.of === of);
  assert.deepEqual(find('model.config.trainer.max_epochs'), {
    path: 'model.config.trainer.max_epochs',
    of: null,
    type: '-1 (no limit) or a whole number >= 1 or null',
    required: false,
    default: 1,
    description: 'Passes over the training data; -1 or null: no limit (then max_steps must be set).',
    availability: 'available',
  });
  assert.equal(find('model.config.optimizer.config.weight_decay', 'AdamW')?.default, 0.01);
  assert.equal(find('model.config.trainer.callbacks.EarlyStopping.patience', 'EarlyStopping')?.default, 3);
  assert.equal(find('model.config.transfer_learning.stages[].gate')?.availability, 'not available yet');
  assert.equal(find('model.config.width', 'toy_regressor')?.required, true);
  assert.equal((find('model.config.activation', 'toy_regressor')?.default as JsonObject | string) ?? '', 'SiLU');
  assert.equal(find('data.split.presets.train_fraction')?.default, 0.8);
});
