import assert from 'node:assert/strict';
import test from 'node:test';
import { conflictFix } from '../../src/client/conflict-fix.ts';
import { jsonDifferences } from '../../src/client/json-difference.ts';
import { parsePath } from '../../src/config/path.ts';

const fix = (before: Parameters<typeof jsonDifferences>[0], after: Parameters<typeof jsonDifferences>[1]) =>
  conflictFix(jsonDifferences(before, after));

test('to go on with the running run comes first, with the options that bring its values back; then --replace, then another name', () => {
  assert.match(
    fix({ model: { lr: 0.1, act: 'silu' } }, { model: { lr: 0.2, act: 'silu' } }),
    /^to go on with the running one, use its old value: --set model\.lr=0\.1; or use --replace for the new values .*, or give this run another name\.$/u,
  );
});

test('a key that the running run does not have is to be left out, which no option does', () => {
  assert.match(fix({ a: 1 }, { a: 2, seed: 5 }), /^to go on with the running one, leave out seed and use its old value: --set a=1;/u);
});

test('values are quoted for YAML and for a shell, and keys with dots for --set', () => {
  assert.match(fix({ a: { 'b.c': "it's", e: 1 }, d: '1' }, { a: { e: 1 } }), /--set 'a\."b\.c"="it'\\''s"' --set 'd="1"'/u);
  assert.deepEqual(parsePath('a."b.c"'), ['a', 'b.c']);
});

test('many or long values are not repeated as options: the list above names them', () => {
  assert.match(fix({ a: 1, b: 2, c: 3, d: 4 }, {}), /^to go on with the running one, put the values back that it runs with;/u);
  assert.match(fix({ a: 'x'.repeat(200) }, { a: '' }), /put the values back that it runs with/u);
});

test('where only the data changed, the data has to come back', () => {
  assert.match(fix({ a: 1 }, { a: 1 }), /put the data and the pre-trained weights back as they were; or use --replace for the new data/u);
});
