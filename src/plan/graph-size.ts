import { estimateBatchEdges, mostBatchEdges } from '../contracts/graphs.ts';
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
 * and average ones; another cut_off than the scan's counts by volume, and no molecule has more edges than pairs of atoms. `where`: dotted
 * place of the stage.
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
  const cell = neighbours.cell === null ? graph.largestMolecule ** 2 : Number.POSITIVE_INFINITY;
  const perMolecule = (edges: number): number => Math.min(edges * growth, cell);
  return (['train', 'validation', 'test'] as const).flatMap((split: SplitName) => {
    const rows = splits[split]?.rows ?? 0;
    if (rows === 0) return [];
    const batch = Math.min(datamodule[split].batchSize, rows);
    const mean = perMolecule((graph.edges[split] ?? 0) / rows);
    const estimate = Math.round(estimateBatchEdges(batch, { mean, most: perMolecule(graph.mostEdges) }));
    const bytes = split === 'train' ? bytesPerEdge : bytesPerEdge / 2;
    const most = mostBatchEdges(bytes);
    if (estimate <= most) return [];
    const share = bytes === 0 ? '' : ` (this model takes about ${(bytes / 1024).toFixed(1)} KiB for each)`;
    const text = `${batch} ${plural(batch, 'molecule')} of up to ${graph.largestMolecule} ${plural(graph.largestMolecule, 'atom')} may make ${estimate} edges or more within cut_off ${neighbours.cutOff} Angstrom, expected at most ${most} in a batch${share}`;
    const fix = `lower datamodule.cut_off or datamodule.${split}.batch_size, make the model smaller, or leave the largest molecules out`;
    return [{ code: 'GRAPH_TOO_LARGE', where: `${where}.datamodule.${split}.batch_size`, text, fix } satisfies PlanProblem];
  });
}
