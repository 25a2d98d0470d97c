import assert from 'node:assert/strict';
import test from 'node:test';
import { jsonDifferences } from '../../src/client/json-difference.ts';

test('differences are named by dotted path with both values', () => {
  assert.deepEqual(jsonDifferences({ a: { b: 1, c: [1, 2] }, d: 'x' }, { a: { b: 2, c: [1, 2] }, e: true }), [
    { path: 'a.b', before: 1, after: 2 },
    { path: 'd', before: 'x', after: undefined },
    { path: 'e', before: undefined, after: true },
  ]);
});

test('equal values in another order of keys do not differ', () => {
  assert.deepEqual(jsonDifferences({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }), []);
});

test('arrays of one length are compared item by item, others whole', () => {
  assert.deepEqual(jsonDifferences({ stages: [{ lr: 1 }, { lr: 2 }] }, { stages: [{ lr: 1 }, { lr: 3 }] }), [
    { path: 'stages.1.lr', before: 2, after: 3 },
  ]);
  assert.deepEqual(jsonDifferences({ x: [1, 2] }, { x: [1] }), [{ path: 'x', before: [1, 2], after: [1] }]);
});
