import type { Dataset } from '../../data/dataset.ts';
import { headBatches } from '../../data/graphs/build-head-batch.ts';
import { RootstockError } from '../../errors.ts';
import type { FeaturePrefix, GraphPrefix, Params } from '../../models/definition.ts';
import { standsStill } from '../../transfer/stands-still.ts';
import type { BatchSource, BatchSources, StageBatches } from '../batch-source.ts';
import { type Batch, loadTargets, toMoleculeBatch } from '../batches.ts';
import type { StageSetup } from '../stage-setup.ts';
import { checkPrefix } from './check-prefix.ts';
import { type EncodedSplit, type EncodeInput, encodeFeatures, encodeGraphs, expectFirst } from './encode-split.ts';

/** What a prefix is computed from. */
export interface PrefixCacheInput {
  readonly setup: StageSetup;
  /** All tensors of the stage. */
  readonly params: Params;
  /** Gives the rows as they are. Closed once the prefix is computed, when what comes behind it reads no edges. */
  readonly batches: BatchSources;
  /** Runs before each batch. */
  readonly between: () => Promise<void>;
}

/**
 * Computes the frozen prefix of a stage for every row, in file order and in batches of the training batch size, so that every attempt gets
 * the same bits, and gives batches of what it made of them. Null when the plan does not ask for it (`StagePlan.prefixCache`).
 */
export async function openPrefixCache(input: PrefixCacheInput): Promise<StageBatches | null> {
  const { setup, batches } = input;
  const { stage, train, validation } = setup;
  if (stage.prefixCache?.fits !== true) return null;
  const later = validation === null || stage.trainer.limitValBatches === 0 ? null : { dataset: validation, source: batches.of(validation) };
  const rows = await encodeSplit({ dataset: train, source: batches.of(train), next: later }, input);
  const failed = (error: unknown): never => {
    rows.forget?.();
    throw error;
  };
  const cached = { train: rows, validation: later === null ? null : await encodeSplit({ ...later, next: null }, input).catch(failed) };
  // Training need not wait for the end of the thread, nor fail with it: `fit` waits for it when it closes the batches.
  if (!cached.train.readsEdges) batches.close().catch(() => undefined);
  return cached;
}

/** Rows that are encoded. */
interface Split {
  readonly dataset: Dataset;
  /** Gives the rows as they are. */
  readonly source: BatchSource;
  /** What is encoded afterwards; null: nothing. */
  readonly next: Omit<Split, 'next'> | null;
}

/** Encoded rows of a split. */
interface EncodedBatches extends BatchSource {
  readonly readsEdges: boolean;
}

async function encodeSplit(
  { dataset, source, next }: Split,
  { setup, params, between }: Omit<PrefixCacheInput, 'batches'>,
): Promise<EncodedBatches> {
  const { stage, model, train } = setup;
  const { definition, config, facts } = model;
  const still = standsStill(stage);
  const {
    neighbours,
    train: { batchSize },
  } = stage.datamodule;
  const allExpected = () => {
    if (next !== null) expectFirst(next.dataset, { batches: next.source, batchSize });
  };
  const input: EncodeInput = { model, params, batches: source, batchSize, between, allExpected };
  const begin = async (prefix: FeaturePrefix | GraphPrefix) => {
    // The thread builds the first batches while others are checked here.
    expectFirst(dataset, input);
    if (dataset === train) await checkPrefix(dataset, prefix, { model, params, neighbours });
  };
  if (definition.inputs === 'graphs') {
    const prefix = definition.prefix?.(config, facts, still) ?? null;
    if (prefix === null || dataset.kind !== 'graphs') throw noPrefix(definition.name, stage.name);
    await begin(prefix);
    const encoded = await encodeGraphs(dataset, prefix, input);
    const readsEdges = Object.values(prefix.encodings).some(({ lines }) => lines === 'edge');
    // Joining what heads read takes less time than waking the thread and taking its answer.
    const join = headBatches(dataset);
    const rest: BatchSource = readsEdges ? source : { load: (rows) => toMoleculeBatch(join(rows)) };
    return { readsEdges, ...withEncodings(rest, { prefix, encoded }) };
  }
  const prefix = definition.prefix?.(config, facts, still) ?? null;
  if (prefix === null || dataset.kind !== 'features') throw noPrefix(definition.name, stage.name);
  await begin(prefix);
  const encoded = await encodeFeatures(dataset, prefix, input);
  return {
    readsEdges: false,
    forget: () => encoded.dispose(),
    load(rows) {
      const { x } = encoded.take(rows);
      if (x === undefined) throw noPrefix(definition.name, stage.name);
      return { kind: 'features', inputs: x, prefix, targets: loadTargets(dataset, rows), samples: rows.length };
    },
  };
}

function withEncodings(
  source: BatchSource,
  { prefix, encoded }: { readonly prefix: GraphPrefix; readonly encoded: EncodedSplit },
): BatchSource {
  return {
    ...source,
    forget() {
      source.forget?.();
      encoded.dispose();
    },
    load(rows) {
      const add = (batch: Batch): Batch => {
        if (batch.kind !== 'graphs') throw new TypeError('molecules gave another kind of batch');
        return { ...batch, encoded: { prefix, values: encoded.take(rows) } };
      };
      const loading = source.load(rows);
      return loading instanceof Promise ? loading.then(add) : add(loading);
    },
  };
}

function noPrefix(model: string, stage: string): RootstockError {
  return new RootstockError(
    'PLAN_DRIFT',
    `Stage "${stage}" was planned with a frozen prefix that the model "${model}" does not have here.\nFix: give every worker the same model modules, then start the run again.`,
    { model, stage },
  );
}
