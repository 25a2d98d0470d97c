import { MOST_BATCH_EDGES, type NeighbourPlan } from '../../contracts/graphs.ts';
import { COINCIDENT_ANGSTROM, countNeighbours, findCoincident } from './count-neighbours.ts';
import { countPeriodicNeighbours } from './count-periodic-neighbours.ts';
import type { MoleculeContext } from './molecule-context.ts';
import { squaredDistance, squaredLimit } from './neighbours.ts';
import { findPeriodicNeighbours } from './periodic-neighbours.ts';

/** Atoms and bonds of one molecule, and the columns they come from. */
export interface EdgeCheck {
  /** [n, 3] Angstrom. */
  readonly coordinates: Float32Array;
  /** [m, 2]; null without bonds. */
  readonly pairs: Uint32Array | null;
  readonly column: string;
  readonly bondColumn: string;
}

/**
 * Checks that no two atoms are in the same place and that every bond is an edge; gives the number of edges, 0 when nobody asked for
 * neighbours. One molecule may not have more than a batch may: counting stops there, and what is given is a lower bound.
 */
export function checkEdges({ coordinates, pairs, column, bondColumn }: EdgeCheck, { neighbours, report }: MoleculeContext): number {
  const same = coincident(coordinates, neighbours);
  if (same !== null) {
    const text =
      same[0] === same[1]
        ? `atom ${same[0]} is in the same place as its own image`
        : `atoms ${same[0]} and ${same[1]} are in the same place (closer than 0.000001 Angstrom)`;
    report({ code: 'MOLECULE_INVALID', column, kind: 'coincident', text });
  }
  if (neighbours === null) return 0;
  const { cell } = neighbours;
  if (cell !== null) return same === null ? countPeriodicNeighbours(coordinates, { ...neighbours, cell }, MOST_BATCH_EDGES) : 0;
  const far = firstFarBond({ coordinates, pairs: pairs ?? new Uint32Array() }, neighbours);
  if (far !== null) report({ code: 'MOLECULE_INVALID', column: bondColumn, kind: 'far', text: far });
  return countNeighbours(coordinates, neighbours, MOST_BATCH_EDGES);
}

function coincident(coordinates: Float32Array, neighbours: NeighbourPlan | null): readonly [number, number] | null {
  const cell = neighbours?.cell ?? null;
  if (cell === null) return findCoincident(coordinates);
  const { first, second } = findPeriodicNeighbours(coordinates, { cutOff: COINCIDENT_ANGSTROM, selfInteraction: false, cell }, 0);
  return first.length === 0 ? null : [first[0] as number, second[0] as number];
}

/** Bonds of crystals are checked when batches are built, where their images are known. */
function firstFarBond(
  { coordinates, pairs }: { readonly coordinates: Float32Array; readonly pairs: Uint32Array },
  { cutOff, selfInteraction }: NeighbourPlan,
): string | null {
  const limit = squaredLimit(cutOff);
  for (let bond = 0; 2 * bond < pairs.length; bond++) {
    const [i, j] = [pairs[2 * bond] as number, pairs[2 * bond + 1] as number];
    const distance = squaredDistance(coordinates, i, j);
    if (i === j ? selfInteraction : distance <= limit) continue;
    const why = i === j ? 'are one atom' : `are ${Math.sqrt(distance).toFixed(3)} Angstrom apart`;
    return `bond ${bond}: atoms ${i} and ${j} ${why}, so there is no edge within cut_off (${cutOff} Angstrom) that could have its features`;
  }
  return null;
}
