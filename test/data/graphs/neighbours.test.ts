import assert from 'node:assert/strict';
import test from 'node:test';
import { allPairs, binnedPairs, CELL_LIST_FROM_ATOMS, findNeighbours } from '../../../src/data/graphs/neighbours.ts';
import { fillUniform } from '../../../src/random/fill.ts';
import { randomStream } from '../../../src/random/stream.ts';

/** Uniform places in a box of a given side, Angstrom. */
function scatter(atoms: number, seed: number, side: number): Float32Array {
  const coordinates = new Float32Array(atoms * 3);
  fillUniform(coordinates, 0, side, randomStream(seed, 'neighbours'));
  return coordinates;
}

const PLAN = { cutOff: 2, selfInteraction: false };

test('a cell list finds the same edges in the same order as looking at every pair', () => {
  for (const [seed, size] of [
    [1, 6],
    [2, 12],
    [3, 40],
  ] as const) {
    const coordinates = scatter(300, seed, size);
    for (const selfInteraction of [false, true]) {
      const plan = { ...PLAN, selfInteraction };
      assert.deepEqual(binnedPairs(coordinates, plan), allPairs(coordinates, plan));
    }
  }
});

test('a cell list misses no edge whose length is cut_off itself', () => {
  // a grid with spacing cut_off: every edge lies on the border of two bins
  const side = [0, 1, 2, 3, 4, 5, 6];
  const coordinates = Float32Array.from(
    side.flatMap((x) => side.flatMap((y) => side.flatMap((z) => [x * 1.1 - 3, y * 1.1, z * 1.1 + 100]))),
  );
  const plan = { cutOff: 1.1, selfInteraction: false };
  const found = binnedPairs(coordinates, plan);
  assert.deepEqual(found, allPairs(coordinates, plan));
  assert.ok(found.first.length > 0);
});

test('atoms very far apart cost no more than others', () => {
  const coordinates = scatter(CELL_LIST_FROM_ATOMS, 4, 16);
  coordinates.set([1e30, -1e30, 1e25], 0);
  assert.deepEqual(findNeighbours(coordinates, PLAN), allPairs(coordinates, PLAN));
});

test('small molecules are looked at pair by pair, large ones by bins, with one result', () => {
  for (const atoms of [CELL_LIST_FROM_ATOMS - 1, CELL_LIST_FROM_ATOMS]) {
    const coordinates = scatter(atoms, 5, 16);
    assert.deepEqual(findNeighbours(coordinates, PLAN), allPairs(coordinates, PLAN));
  }
});
