import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { boundedInteger, permutation } from '../../src/random/permutation.ts';
import { permutationStream, type RandomStream, randomStream } from '../../src/random/stream.ts';

/** A stream that gives these words. */
const scripted = (words: number[]): RandomStream => ({
  uint32: () => words.shift() as number,
  uniform: () => 0,
  normal: () => 0,
});

void test('a permutation holds every row exactly once', () => {
  fc.assert(
    fc.property(fc.nat(300), fc.nat(), (n, seed) => {
      assert.deepEqual(
        [...permutation(n, randomStream(seed, 'p'))].sort((a, b) => a - b),
        Array.from({ length: n }, (_, index) => index),
      );
    }),
  );
});

void test('golden: the order of ten rows in stage 0, epoch 0 of seed 42 (made by this generator)', () => {
  assert.deepEqual([...permutation(10, permutationStream(42, 0, 0))], [9, 5, 3, 7, 2, 0, 4, 6, 1, 8]);
});

void test('every order of four rows is equally likely (chi-square, fixed seed)', () => {
  const n = 24_000;
  const counts = new Map<string, number>();
  const stream = randomStream(4, 'orders');
  for (let index = 0; index < n; index += 1) {
    const order = permutation(4, stream).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  // 23 degrees of freedom: mean 23, standard deviation 6.8; four of them.
  assert.ok(Math.abs(chiSquare - 23) < 27, `chi-square ${chiSquare}`);
});

void test('bounded integers draw again beyond the last whole multiple of the bound, so that none is favoured', () => {
  // 2^32 = 3 * 1431655765 + 1: only the very last word is refused.
  assert.equal(boundedInteger(3, scripted([0xffffffff, 5])), 2);
  assert.equal(boundedInteger(3, scripted([0xfffffffe])), 2);
  assert.equal(boundedInteger(2 ** 32, scripted([0xffffffff])), 0xffffffff);
  assert.equal(boundedInteger(1, scripted([123])), 0);
});
