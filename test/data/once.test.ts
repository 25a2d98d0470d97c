import assert from 'node:assert/strict';
import test from 'node:test';
import { once } from '../../src/data/once.ts';

test('a value is made when it is first asked for and never again, also one that is nothing', () => {
  let calls = 0;
  const nothing = once(() => {
    calls += 1;
    return undefined;
  });
  assert.equal(calls, 0);
  for (let time = 0; time < 3; time += 1) assert.equal(nothing(), undefined);
  assert.equal(calls, 1);
});

test('what throws is tried again', () => {
  let calls = 0;
  const second = once(() => {
    calls += 1;
    if (calls === 1) throw new Error('not yet');
    return calls;
  });
  assert.throws(second, /not yet/);
  assert.deepEqual([second(), second()], [2, 2]);
});
