import { cellVolume, estimateBatchEdges, mostBatchEdges, type NeighbourPlan } from '../contracts/graphs.ts';
import type { DataModulePlan, DataPlan, SplitName } from '../contracts/plan.ts';
import { plural } from '../contracts/plural.ts';
import type { PlanProblem } from './problems.ts';

/** How a stage makes graphs, and what an edge takes in training; 0: not known. */
export interface GraphSize {
  readonly datamodule: DataModulePlan;
  readonly bytesPerEdge: number;
}

/**
 * Estimates the edges of a batch from the scan's counts before anything is allocated: GRAPH_TOO_LARGE when they take more than 2 GiB in the
 * model (half of it is needed without a backward pass), or are more than MOST_BATCH_EDGES. A batch counts as the molecule with most edges
 * and average ones; another cut_off than the scan's counts by volume. No molecule has more edges than pairs of atoms; a crystal counts as pairs
 * times cells in a ball of that radius, where that is more. `where`: dotted place of the stage.
 */
export function checkGraphSize(
  { request, facts }: DataPlan,
  { datamodule, bytesPerEdge }: GraphSize,
  where: string,
): readonly PlanProblem[] {
  const { graph, splits } = facts;
  const { neighbours } = datamodule;
  if (graph === undefined || neighbours === null) return [];
  const growth = (neighbours.cutOff / (request.neighbours?.cutOff ?? neighbours.cutOff)) ** 3;
  const images = imagesWithin(neighbours, request.neighbours ?? neighbours);
  const perMolecule = (edges: number, atoms: number): number =>
    images === null ? Math.min(edges * growth, graph.largestMolecule ** 2) : Math.max(edges * growth, atoms ** 2 * images);
  return (['train', 'validation', 'test'] as const).flatMap((split: SplitName) => {
    const rows = splits[split]?.rows ?? 0;
    if (rows === 0) return [];
    const batch = Math.min(datamodule[split].batchSize, rows);
    const mean = perMolecule((graph.edges[split] ?? 0) / rows, (graph.nodes?.[split] ?? 0) / rows);
    const estimate = Math.round(estimateBatchEdges(batch, { mean, most: perMolecule(graph.mostEdges, graph.largestMolecule) }));
    const bytes = split === 'train' ? bytesPerEdge : bytesPerEdge / 2;
    const most = mostBatchEdges(bytes);
    if (estimate <= most) return [];
    const share = bytes === 0 ? '' : ` (this model takes about ${(bytes / 1024).toFixed(1)} KiB for each)`;
    const text = `${batch} ${plural(batch, 'molecule')} of up to ${graph.largestMolecule} ${plural(graph.largestMolecule, 'atom')} may make ${estimate} edges or more within cut_off ${neighbours.cutOff} Angstrom, expected at most ${most} in a batch${share}`;
    const fix = `lower datamodule.cut_off or datamodule.${split}.batch_size, make the model smaller, or leave the largest molecules out`;
    return [{ code: 'GRAPH_TOO_LARGE', where: `${where}.datamodule.${split}.batch_size`, text, fix } satisfies PlanProblem];
  });
}

/** Images of an atom within cut_off, by volume; 0 where the scan has counted with the same cell and cut_off; null without a cell. */
function imagesWithin({ cell, cutOff }: NeighbourPlan, counted: NeighbourPlan): number | null {
  if (cell === null) return null;
  if (cutOff === counted.cutOff && JSON.stringify(cell) === JSON.stringify(counted.cell)) return 0;
  return ((4 / 3) * Math.PI * cutOff ** 3) / cellVolume(cell);
}
