import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { buildGraphBatch } from '../../../src/data/graphs/build-graph-batch.ts';
import { findPeriodicNeighbours } from '../../../src/data/graphs/periodic-neighbours.ts';
import { graphDatasetOf } from '../../helpers/graph-dataset.ts';

interface Case {
  readonly name: string;
  readonly cell: readonly (readonly number[])[];
  readonly cut_off: number;
  readonly self_interaction: boolean;
  readonly coordinates: readonly (readonly number[])[];
  readonly edges: readonly (readonly [number, number, number, number, number])[];
}

const CASES = JSON.parse(
  readFileSync(new URL('../../fixtures/golden/d_periodic_neighbours.json', import.meta.url), 'utf8'),
) as readonly Case[];

const CUBE = [
  [4, 0, 0],
  [0, 4, 0],
  [0, 0, 4],
];

for (const { name, cell, cut_off: cutOff, self_interaction: selfInteraction, coordinates, edges } of CASES) {
  test(`edges across periodic borders are physicsml's: ${name}`, () => {
    const found = findPeriodicNeighbours(Float32Array.from(coordinates.flat()), { cutOff, selfInteraction, cell });
    assert.equal(found.first.length, edges.length);
    for (const [edge, [i, j, ...image]] of edges.entries()) {
      assert.deepEqual([found.first[edge], found.second[edge]], [i, j]);
      for (const axis of [0, 1, 2]) {
        const expected = image.reduce((sum, count, k) => sum + count * (cell[k]?.[axis] ?? 0), 0);
        // sums of a few float64 products: rounding only
        assert.ok(Math.abs((found.shifts?.[3 * edge + axis] ?? Number.NaN) - expected) < 1e-9, `${name}, edge ${edge}`);
      }
    }
  });
}

test('a batch of crystals has shifts in Angstrom that make every edge shorter than cut_off', () => {
  const crystal = {
    atomNumbers: [0, 0],
    coordinates: [
      [0.5, 0, 0],
      [3.5, 0, 0],
    ],
  };
  const batch = buildGraphBatch(graphDatasetOf([crystal, crystal], { numElements: 1 }), [0, 1], {
    cutOff: 1.5,
    selfInteraction: false,
    cell: CUBE,
  });
  assert.deepEqual([...batch.edgeIndex[0].index], [0, 1, 2, 3]);
  assert.deepEqual([...batch.edgeIndex[1].index], [1, 0, 3, 2]);
  assert.deepEqual([...(batch.cellShifts ?? [])], [-4, 0, 0, 4, 0, 0, -4, 0, 0, 4, 0, 0]);
});

test('a bond of a crystal gives its features to the one image within cut_off, and is refused when there are several', () => {
  const bonds = [{ pair: [0, 1] as const, attrs: [7] }];
  const crystal = {
    atomNumbers: [0, 0],
    coordinates: [
      [0.5, 0, 0],
      [3.5, 0, 0],
    ],
    bonds,
  };
  const dataset = graphDatasetOf([crystal], { numElements: 1 });
  const plan = { cutOff: 1.5, selfInteraction: false, cell: CUBE };
  assert.deepEqual([...(buildGraphBatch(dataset, [0], plan).edgeAttrs ?? [])], [7, 7]);
  assert.throws(() => buildGraphBatch(dataset, [0], { ...plan, cutOff: 3.5 }), {
    code: 'MOLECULE_INVALID',
    message: /Molecule "0": the bond of atoms 0 and 1 fits 2 images.*cut_off \(3.5 Angstrom\)/,
  });
});
