import type { NeighbourPlan } from '../../../contracts/graphs.ts';
import type { GraphDataset } from '../../dataset.ts';
import type { HostGraphBatch } from '../graph-batch.ts';

/** What the thread is told. Batches are built in the order in which they are asked for. */
export type BuilderRequest = MoleculesRequest | BatchRequest | ForgetRequest;

/** A dataset, once. Arrays on shared memory are shared, others are copied. Row ids stay where they are: only messages of errors need them. */
export interface MoleculesRequest {
  readonly type: 'molecules';
  /** Number of the dataset. */
  readonly dataset: number;
  readonly molecules: Omit<GraphDataset, 'rowId'> & { readonly rowId: undefined };
  readonly neighbours: NeighbourPlan;
}

/** A batch to build. */
export interface BatchRequest {
  readonly type: 'batch';
  readonly dataset: number;
  readonly rows: Uint32Array;
}

/** Frees a dataset and its edges. */
export interface ForgetRequest {
  readonly type: 'forget';
  readonly dataset: number;
}

/** The answer to each request for a batch. The batch's arrays belong to whoever receives it. */
export type BuilderReply =
  | { readonly type: 'built'; readonly batch: HostGraphBatch; readonly byteLength: number }
  | { readonly type: 'failed'; readonly error: unknown };
