import assert from 'node:assert/strict';
import test from 'node:test';
import { byteCount, coverByModules, isUnder, modulesOf, parameterCount, tensorsUnder } from '../../src/transfer/module-tree.ts';
import { tree } from './trees.ts';

const model = tree({ 'a.x.weight': [2, 3], 'a.x.bias': [2], 'a.y.running_mean': [4], scale: [], 'b.num_batches_tracked': [] });

void test('modules are the dotted prefixes of the paths, parents first', () => {
  assert.deepEqual(modulesOf(model), ['a', 'a.x', 'a.y', 'b']);
});

void test('a module holds its children, parameters and buffers; the empty name is the root', () => {
  assert.deepEqual(
    tensorsUnder(model, 'a').map(({ path }) => path),
    ['a.x.weight', 'a.x.bias', 'a.y.running_mean'],
  );
  assert.equal(tensorsUnder(model, '').length, 5);
  assert.ok(!isUnder('ab.c', 'a'));
});

void test('parameters count scalars of parameters; bytes count everything, 8 per int64', () => {
  assert.equal(parameterCount(model.tensors), 9);
  assert.equal(byteCount(model.tensors), 4 * 13 + 8);
  assert.equal(
    parameterCount([
      { path: 'x', shape: [3], dtype: 'float32' },
      { path: 'n', shape: [], dtype: 'int64' },
    ]),
    3,
  );
});

void test('a set of tensors is covered by the topmost modules that lie wholly in it', () => {
  assert.deepEqual(coverByModules(model, new Set(['a.x.weight', 'a.x.bias', 'scale'])), ['a.x', 'scale']);
  assert.deepEqual(coverByModules(model, new Set(['a.x.weight', 'a.x.bias', 'a.y.running_mean'])), ['a']);
  assert.deepEqual(coverByModules(model, new Set(['a.x.bias'])), ['a.x.bias']);
});
