import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { parseRun } from '../../src/config/parse-run.ts';
import { formatPath, parsePath } from '../../src/config/path.ts';
import { nearest, unknownKeyText } from '../../src/config/suggest.ts';
import { typeText } from '../../src/config/type-text.ts';
import { editDistance } from '../../src/contracts/edit-distance.ts';
import { builtinModels } from '../../src/models/registry.ts';
import { failure } from './helpers.ts';

void test('the edit distance counts insertions, deletions, substitutions and swaps', () => {
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('abc', 'abc'), 0);
  assert.equal(editDistance('widht', 'width'), 1);
});

void test('the edit distance is symmetric, zero for equal words only, and at most the longer length', () => {
  const word = fc.string({ maxLength: 6 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      return distance === editDistance(b, a) && (distance === 0) === (a === b) && distance <= Math.max(a.length, b.length);
    }),
  );
});

void test('a suggestion is near, and far words get none', () => {
  const keys = ['max_epochs', 'max_steps', 'min_epochs', 'lr'];
  assert.equal(nearest('max_epoch', keys), 'max_epochs');
  assert.equal(nearest('epochs', keys), 'max_epochs');
  assert.equal(nearest('LR', keys), 'lr');
  assert.equal(nearest('temperature', keys), null);
  assert.equal(unknownKeyText('temperature', keys), 'unknown key. Known here: max_epochs, max_steps, min_epochs, lr');
});

void test('a path is written so that it can be read back', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), (path) => assert.deepEqual(parsePath(formatPath(path)), path)),
  );
  assert.equal(formatPath(['a', 0, 'b.c']), 'a.0."b.c"');
  for (const wrong of ['', '.', 'a.', 'a b', '"a', '"a"b']) assert.equal(parsePath(wrong), null);
});

void test('types are said in words', () => {
  assert.equal(typeText({ type: 'number', minimum: 0, exclusiveMaximum: 1 }), 'a number >= 0 and < 1');
  assert.equal(
    typeText({ type: 'array', items: { type: 'integer', minimum: 1 }, minItems: 3, maxItems: 3 }),
    'a list of 3 whole numbers >= 1',
  );
  assert.equal(typeText({ anyOf: [{ enum: ['a', 'b'] }, { type: 'null' }] }), '"a" or "b" or null');
  assert.equal(typeText({ type: ['string', 'null'] }), 'a string or null');
});

void test('a decimal comma in a flow mapping, whose second half YAML makes a key, is called one', () => {
  const comma = 'unknown key. A decimal comma? Numbers have a decimal point: 0.001, not 0,001';
  for (const [section, key] of [
    ['optimizer: { name: Adam, config: { lr: 0,001 } }', 'optimizer.config.001'],
    ['optimizer: { name: Adam, config: { lr: 0,1e-3 } }', 'optimizer.config.1e-3'],
    ['datamodule: { num_elements: 2, y_graph_scalars: [b], cut_off: 5,0 }', 'datamodule.0'],
  ] as const) {
    const text = `{ name: n, data: { train: a.parquet }, output: { path: o }, model: { name: egnn_model, config: { x_features: [physicsml_atom_numbers, physicsml_coordinates], y_features: [b], ${section} } } }`;
    const { message } = failure(() => parseRun(text, { source: 'run.yaml', models: builtinModels }));
    assert.ok(message.includes(` model.config.${key}: ${comma}`), message);
  }
  assert.doesNotMatch(unknownKeyText('lr2', ['lr']), /comma/u);
});
