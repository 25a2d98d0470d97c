import assert from 'node:assert/strict';
import test from 'node:test';
import { countPeriodicNeighbours } from '../../../src/data/graphs/count-periodic-neighbours.ts';
import { findPeriodicNeighbours } from '../../../src/data/graphs/periodic-neighbours.ts';
import { createRandom } from '../../helpers/store-schedule.ts';

const MOST = 4_194_304;

const cube = (side: number) => [
  [side, 0, 0],
  [0, side, 0],
  [0, 0, side],
];

test('as many edges are counted as are found: random cells of both hands, flat and long ones, cut_off below and above the cell', () => {
  const random = createRandom(11);
  for (let round = 0; round < 150; round++) {
    const scale = [0, 1, 2].map(() => 10 ** (random() * 1.2 - 0.2));
    const cell = scale.map((size) => [0, 1, 2].map(() => size * (random() - 0.5)));
    const volume = measure(cell);
    if (Math.abs(volume) < 0.5) continue;
    const atoms = 1 + Math.floor(random() * 3);
    // atoms lie outside the cell, too
    const coordinates = Float32Array.from({ length: 3 * atoms }, () => (random() - 0.5) * 30);
    const plan = { cutOff: 0.2 + 2.5 * random(), selfInteraction: round % 2 === 0, cell };
    const found = findPeriodicNeighbours(coordinates, plan).first.length;
    assert.equal(countPeriodicNeighbours(coordinates, plan, MOST), found, JSON.stringify({ plan, coordinates: [...coordinates] }));
  }
});

test('an image exactly at cut_off is no edge, in the counting as in the finding', () => {
  for (const cutOff of [1, 2, 3, 3.0000001]) {
    for (const selfInteraction of [false, true]) {
      const plan = { cutOff, selfInteraction, cell: cube(1) };
      const coordinates = Float32Array.of(0, 0, 0, 0.5, 0, 0);
      assert.equal(countPeriodicNeighbours(coordinates, plan, MOST), findPeriodicNeighbours(coordinates, plan).first.length);
    }
  }
});

test('however long cut_off is, the answer is a lower bound above what was asked for, and a safe number', () => {
  const coordinates = Float32Array.of(0, 0, 0, 0.5, 0.5, 0.5);
  for (const cutOff of [70, 400, 1e6, 1e30, 1e300]) {
    const edges = countPeriodicNeighbours(coordinates, { cutOff, selfInteraction: false, cell: cube(1) }, MOST);
    assert.ok(edges > MOST && Number.isSafeInteger(edges), `${cutOff}: ${edges}`);
    assert.ok(edges <= 4 * ((4 / 3) * Math.PI * cutOff ** 3), `${cutOff}: ${edges} is no lower bound`);
  }
});

test('cells that the volume says nothing about are counted line by line: a needle, a plate, and a long cell that leans far over', () => {
  const needle = [
    [1000, 0, 0],
    [0, 1000, 0],
    [0, 0, 0.001],
  ];
  const plan = { cutOff: 5, selfInteraction: false, cell: needle };
  const alone = Float32Array.of(0, 0, 0);
  assert.equal(countPeriodicNeighbours(alone, plan, MOST), findPeriodicNeighbours(alone, plan).first.length);
  const plate = [
    [1000, 0, 0],
    [0, 0.001, 0],
    [0, 0, 0.001],
  ];
  assert.ok(countPeriodicNeighbours(alone, { ...plan, cell: plate }, MOST) > MOST);
  const leaning = [
    [2, 0, 0],
    [201, 2, 0],
    [0, 3, 2],
  ];
  const over = { ...plan, cell: leaning };
  assert.equal(countPeriodicNeighbours(alone, over, MOST), findPeriodicNeighbours(alone, over).first.length);
});

function measure([a = [], b = [], c = []]: readonly (readonly number[])[]): number {
  const of = (vector: readonly number[], axis: number): number => vector[axis % 3] as number;
  return [0, 1, 2].reduce((sum, axis) => sum + of(a, axis) * (of(b, axis + 1) * of(c, axis + 2) - of(b, axis + 2) * of(c, axis + 1)), 0);
}
