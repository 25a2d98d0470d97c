import assert from 'node:assert/strict';
import test from 'node:test';
import { rememberByObject } from '../../src/models/remember.ts';

test('what a function gave for an object is remembered for that object alone, also undefined; what throws is tried again', () => {
  let calls = 0;
  const size = rememberByObject((values: readonly number[]) => {
    calls += 1;
    if (calls === 1) throw new Error('not yet');
    return values.length === 0 ? undefined : values.length;
  });
  const [one, empty] = [[7], []];
  assert.throws(() => size(one), /not yet/);
  assert.deepEqual([size(one), size(one), size([7])], [1, 1, 1]);
  assert.equal(calls, 3);
  assert.deepEqual([size(empty), size(empty)], [undefined, undefined]);
  assert.equal(calls, 4);
});
