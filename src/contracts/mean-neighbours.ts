import type { DataPlan, SplitName } from './plan.ts';

/** Neighbours within the base's cut_off over all molecules of a run. */
export interface MeanNeighbours {
  /** Angstrom. */
  readonly cutOff: number;
  /** Neighbours per atom, the atom itself left out. */
  readonly mean: number;
  readonly atoms: number;
}

/** What a scan's counts say of the neighbours of an atom; undefined where there are no molecules, or nothing was counted. Pure. */
export function meanNeighbours({ request: { neighbours }, facts: { graph } }: DataPlan): MeanNeighbours | undefined {
  if (neighbours == null || graph?.nodes === undefined) return undefined;
  const atoms = sum(graph.nodes);
  if (atoms === 0) return undefined;
  const edges = sum(graph.edges) - (neighbours.selfInteraction ? atoms : 0);
  return { cutOff: neighbours.cutOff, mean: edges / atoms, atoms };
}

function sum(counts: Readonly<Partial<Record<SplitName, number>>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
