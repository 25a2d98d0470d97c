import { meanNeighbours } from '../contracts/mean-neighbours.ts';
import type { DataPlan, StagePlan } from '../contracts/plan.ts';
import { plural } from '../contracts/plural.ts';

/** No bond is shorter: that of H2 is 0.741 Angstrom (NIST Chemistry WebBook, constants of diatomic molecules). */
const SHORTEST_BOND_ANGSTROM = 0.74;

/**
 * Says where a cut_off leaves atoms without neighbours: such a model learns from the kinds of atoms alone, whatever else it is given. The scan
 * counts edges, not the atoms that have none, so this warns of what follows from the mean alone and never of less:
 * a molecule of n atoms that hang together has 2 (n - 1) / n >= 1 neighbours per atom, so a mean below 1 means molecules that fall apart, and one
 * below 1/2 means that more than half of all atoms have no neighbour, since one that has any has at least one. Molecules of one atom, which have none
 * by nature, are left out, as many as there may be. A stage's own cut_off is not counted; it is warned of where it is shorter than any bond.
 */
export function neighbourWarnings(data: DataPlan, stages: readonly StagePlan[]): readonly string[] {
  const base = data.request.neighbours?.cutOff;
  const others = stages.flatMap(({ name, datamodule: { neighbours } }) => {
    if (neighbours === null || neighbours.cutOff === base || neighbours.cutOff >= SHORTEST_BOND_ANGSTROM) return [];
    return [
      `Stage "${name}" has cut_off ${neighbours.cutOff} Angstrom, shorter than any bond, so its atoms have no neighbours and it learns nothing from where they are. ${UNITS}`,
    ];
  });
  return [...countedWarning(data), ...others];
}

function countedWarning(data: DataPlan): readonly string[] {
  const counted = meanNeighbours(data);
  if (counted === undefined) return [];
  const { cutOff, mean, atoms } = counted;
  const neighbours = Math.round(mean * atoms);
  const joined = atoms - mostLoneAtoms(data, atoms);
  if (joined <= 0 || neighbours >= joined) return [];
  const what =
    neighbours === 0
      ? 'no atom has a neighbour, so the model learns nothing from where they are'
      : neighbours < joined / 2
        ? 'more than half of the atoms have no neighbour, so the model learns nothing from where those are'
        : 'that is less than it takes to connect the atoms of a molecule';
  return [
    `Within cut_off ${cutOff} Angstrom an atom has ${Number(mean.toPrecision(2))} ${plural(mean, 'neighbour')} on average: ${what}. ${UNITS}`,
  ];
}

const UNITS = 'cut_off is in Angstrom, as the coordinates are (1 nm is 10 Angstrom, 1 Bohr 0.529); the default is 5.';

/**
 * Molecules of one atom that there may be at most among so many rows and atoms, the largest molecule being known: with s of them, the other rows
 * have at most `largest` atoms each. None counts in a cell, where an atom may neighbour its own images.
 */
function mostLoneAtoms({ request, facts: { graph, splits } }: DataPlan, atoms: number): number {
  if (request.neighbours?.cell != null || graph === undefined) return 0;
  const rows = Object.values(splits).reduce((total, split) => total + split.rows, 0);
  const largest = graph.largestMolecule;
  if (largest < 2) return atoms;
  return Math.max(0, (rows * largest - atoms) / (largest - 1));
}
