import assert from 'node:assert/strict';
import test from 'node:test';
import { didYouMean, nearest } from '../../src/data/nearest.ts';

test('near names are offered nearest first, far ones not at all', () => {
  assert.deepEqual(nearest('pixells', ['digit', 'pixel', 'pixels']), ['pixels', 'pixel']);
  assert.deepEqual(nearest('Y', ['y', 'abc']), ['y']);
  assert.deepEqual(nearest('energy', ['force', 'mol_id']), []);
  assert.equal(didYouMean('pixls', ['pixels']), ', did you mean "pixels"?');
  assert.equal(didYouMean('energy', ['force']), '');
});
