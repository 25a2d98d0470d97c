import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { findRings } from '../../src/molecules/rings.ts';

/** By definition: a bond is in a ring when its ends are connected without it. */
function slowRings(atomCount: number, bonds: readonly { begin: number; end: number }[]): number[] {
  return bonds.map(({ begin, end }, without) => {
    const seen = new Set([begin]);
    for (let grew = true; grew; ) {
      grew = false;
      for (const [i, bond] of bonds.entries()) {
        if (i === without || seen.has(bond.begin) === seen.has(bond.end)) continue;
        seen.add(bond.begin).add(bond.end);
        grew = true;
      }
    }
    return seen.size <= atomCount && seen.has(end) ? 1 : 0;
  });
}

void test('bonds in rings are those whose removal leaves their ends connected', () => {
  const graph = fc.integer({ min: 2, max: 9 }).chain((atomCount) =>
    fc
      .uniqueArray(fc.tuple(fc.nat(atomCount - 1), fc.nat(atomCount - 1)), {
        selector: ([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`,
        maxLength: 14,
      })
      .map((pairs) => ({ atomCount, bonds: pairs.filter(([a, b]) => a !== b).map(([begin, end]) => ({ begin, end })) })),
  );
  fc.assert(
    fc.property(graph, ({ atomCount, bonds }) => {
      const { bonds: found, atoms } = findRings(atomCount, bonds);
      assert.deepEqual(Array.from(found), slowRings(atomCount, bonds));
      const inRing = new Set(bonds.flatMap(({ begin, end }, i) => (found[i] === 1 ? [begin, end] : [])));
      assert.deepEqual(
        Array.from(atoms),
        Array.from({ length: atomCount }, (_, i) => (inRing.has(i) ? 1 : 0)),
      );
    }),
    { numRuns: 500 },
  );
});
