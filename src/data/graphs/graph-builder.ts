import type { HostGraphBatch } from './graph-batch.ts';

/** Builds the graph batches of one dataset of molecules. */
export interface GraphBuilder {
  /**
   * Says which batches will be asked for next, in this order; the list replaces the one before. It decides when a batch is built, never
   * what is in it. Rows stay as they are from now on: a batch is recognised by them.
   */
  expect(rows: readonly Uint32Array[]): void;
  /** The batch of these rows. Errors: those of `buildGraphBatch`, however far ahead it was built; TRAINER_DIED, OUT_OF_MEMORY (a retry helps). */
  build(rows: Uint32Array): Promise<HostGraphBatch>;
  /** Frees what is kept of the dataset: its edges, and its arrays where they had to be copied. */
  forget(): void;
}
