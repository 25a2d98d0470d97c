import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { formatPath, parsePath } from '../../src/config/path.ts';
import { nearest, unknownKeyText } from '../../src/config/suggest.ts';
import { typeText } from '../../src/config/type-text.ts';
import { editDistance } from '../../src/contracts/edit-distance.ts';

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
