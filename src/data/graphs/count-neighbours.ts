import type { NeighbourPlan } from '../../contracts/graphs.ts';
import { BIN_MARGIN, binsWithSurroundings, CELL_LIST_FROM_ATOMS, squaredDistance, squaredLimit } from './neighbours.ts';

/** Two atoms closer than this are in the same place: no bond is shorter than 0.7 Angstrom, and a distance of 0 has no gradient. */
export const COINCIDENT_ANGSTROM = 1e-6;

/** Counts the edges that `findNeighbours` would find, without keeping them; stops soon after `most`. `coordinates`: [n, 3] Angstrom. */
export function countNeighbours(
  coordinates: Float32Array,
  { cutOff, selfInteraction }: Pick<NeighbourPlan, 'cutOff' | 'selfInteraction'>,
  most: number,
): number {
  const limit = squaredLimit(cutOff);
  let edges = selfInteraction ? coordinates.length / 3 : 0;
  visitPairs(coordinates, cutOff, (i, j) => {
    if (squaredDistance(coordinates, i, j) <= limit) edges += 2;
    return edges > most;
  });
  return edges;
}

/** The first two atoms that are in the same place; null: there are none. */
export function findCoincident(coordinates: Float32Array): readonly [number, number] | null {
  let found: readonly [number, number] | null = null;
  visitPairs(coordinates, COINCIDENT_ANGSTROM, (i, j) => {
    if (squaredDistance(coordinates, i, j) < COINCIDENT_ANGSTROM ** 2) found = [i, j];
    return found !== null;
  });
  return found;
}

/** Visits pairs i < j that may be as close as `distance`, until told to stop. */
function visitPairs(coordinates: Float32Array, distance: number, visit: (i: number, j: number) => boolean): void {
  const atoms = coordinates.length / 3;
  if (atoms >= CELL_LIST_FROM_ATOMS) {
    for (const { members, candidates } of binsWithSurroundings(coordinates, distance * BIN_MARGIN)) {
      for (const i of members) for (const j of candidates) if (i < j && visit(i, j)) return;
    }
    return;
  }
  for (let i = 0; i < atoms; i++) for (let j = i + 1; j < atoms; j++) if (visit(i, j)) return;
}
