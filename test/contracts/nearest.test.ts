import assert from 'node:assert/strict';
import test from 'node:test';
import { didYouMean, nearestNames } from '../../src/contracts/nearest.ts';

void test('the nearest names come best first, at most three, whatever their case', () => {
  assert.deepEqual(nearestNames('hed', ['features', 'head', 'heads', 'HED']), ['HED', 'head', 'heads']);
  assert.deepEqual(nearestNames('a1', ['a2', 'a3', 'a4', 'a5']), ['a2', 'a3', 'a4']);
});

void test('names that differ in more than half of their letters are not suggested', () => {
  assert.deepEqual(nearestNames('egnn', ['readout', 'mlp']), []);
  assert.equal(didYouMean('egnn', ['readout']), '');
});

void test('"did you mean" names the candidates in one sentence', () => {
  assert.equal(didYouMean('egn', ['egnn', 'egg']), ' (did you mean "egg" or "egnn"?)');
});
