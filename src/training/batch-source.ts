import type { NeighbourPlan } from '../contracts/graphs.ts';
import type { Dataset } from '../data/dataset.ts';
import type { KeptThread } from '../data/graphs/builder-thread/keep-thread.ts';
import { createThreadBuilders } from '../data/graphs/builder-thread/thread-builders.ts';
import { type Batch, loadBatch, type Rows, toMoleculeBatch } from './batches.ts';

/** Puts rows of one dataset on the device. */
export interface BatchSource {
  /**
   * Says which batches will be loaded next, in this order; the list replaces the one before. It decides when a batch is built, never what
   * is in it. Absent: nothing is built ahead.
   */
  expect?(rows: readonly Rows[]): void;
  /** Dispose of the batch with `disposeBatch`. Errors: those of `buildGraphBatch`; TRAINER_DIED, OUT_OF_MEMORY (a retry helps). */
  load(rows: Rows): Batch | Promise<Batch>;
  /** Frees what a thread or the device keeps of the dataset. Absent: nothing is kept. */
  forget?(): void;
}

/** How many batches are expected at least: enough to wake the thread for several at a time. */
export const BATCHES_AHEAD = 8;

/** Sources of batches that share a thread. */
export interface BatchSources {
  of(dataset: Dataset): BatchSource;
  /** Starts the thread, where one is needed, while other things are got ready. The first batch starts it otherwise. */
  start(): void;
  /** Lets go of the thread, where one was needed. A batch asked for later opens another. A second call waits for the same end. */
  close(): Promise<void>;
}

/** The batches of a stage. */
export interface StageBatches {
  readonly train: BatchSource;
  readonly validation: BatchSource | null;
}

/**
 * Opens batches: of molecules from a thread that builds them ahead, of plain features in this thread, where a batch is a copy. `neighbours`
 * says how molecules become graphs; null: there are none. `kept` is a thread that outlives them; null: theirs ends with them.
 */
export function openBatches(neighbours: NeighbourPlan | null, kept: KeptThread | null = null): BatchSources {
  const builders = createThreadBuilders(kept?.connect);
  return {
    of(dataset) {
      if (dataset.kind === 'features') return batchesHere(dataset, null);
      if (neighbours === null) throw new TypeError('molecules need a neighbour plan');
      const builder = builders.of(dataset, neighbours);
      return {
        expect: (rows) => builder.expect(rows),
        load: async (rows) => toMoleculeBatch(await builder.build(rows)),
        forget: () => builder.forget(),
      };
    },
    start() {
      if (neighbours !== null) builders.start();
    },
    close: () => builders.close(),
  };
}

/** Batches that are made in this thread when they are asked for. */
export function batchesHere(dataset: Dataset, neighbours: NeighbourPlan | null): BatchSource {
  return { load: (rows) => loadBatch(dataset, rows, neighbours) };
}
