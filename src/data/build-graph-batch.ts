import type { NeighbourPlan } from '../contracts/graphs.ts';
import { RootstockError } from '../errors.ts';
import type { GraphDataset } from './dataset.ts';
import type { HostGraphBatch } from './graph-batch.ts';

/** Joins molecules into one graph, with the edges within cut_off. `rows` are positions in the dataset, in batch order. */
export function buildGraphBatch(_dataset: GraphDataset, _rows: ArrayLike<number>, _neighbours: NeighbourPlan): HostGraphBatch {
  throw new RootstockError('NOT_AVAILABLE', 'Molecules cannot be batched yet.');
}
