import type { Atom } from './molecule.ts';

/**
 * Turns the parities of a mol block into RDKit's tetrahedral tags, [n].
 *
 * A parity of 1 says: with the neighbours numbered in ascending order and the last one (or the hydrogen that is left out) pointing away, the
 * first three go clockwise (CTFile Formats, appendix on parities). A tag says the same for the neighbours in the order of the bonds, seen from
 * the first one. Both name one of two mirror images, so they differ by whether the order of the bonds is an odd permutation.
 */
export function tetrahedralTags(
  atoms: readonly { readonly parity: number }[],
  bonds: readonly { readonly begin: number; readonly end: number }[],
): Atom['stereo'][] {
  const neighbours: number[][] = atoms.map(() => []);
  for (const { begin, end } of bonds) {
    neighbours[begin]?.push(end);
    neighbours[end]?.push(begin);
  }
  return atoms.map(({ parity }, i) => {
    const around = neighbours[i] as number[];
    if ((parity !== 1 && parity !== 2) || around.length < 3 || around.length > 4) return 'none';
    return (parity === 1) === isEvenPermutation(around) ? 'cw' : 'ccw';
  });
}

function isEvenPermutation(order: readonly number[]): boolean {
  let inversions = 0;
  for (const [i, a] of order.entries()) for (const b of order.slice(i + 1)) inversions += a > b ? 1 : 0;
  return inversions % 2 === 0;
}
