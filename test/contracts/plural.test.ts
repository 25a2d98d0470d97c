import assert from 'node:assert/strict';
import test from 'node:test';
import { plural } from '../../src/contracts/plural.ts';

test('one thing has the word as it is; none, several and parts of one have its plural', () => {
  assert.deepEqual(
    [1, 0, 2, 0.5].map((count) => plural(count, 'batch', 'batches')),
    ['batch', 'batches', 'batches', 'batches'],
  );
  assert.equal(plural(3, 'row'), 'rows');
});
