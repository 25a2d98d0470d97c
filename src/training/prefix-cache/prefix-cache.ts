import type { NeighbourPlan } from '../../contracts/graphs.ts';
import type { Dataset, GraphDataset } from '../../data/dataset.ts';
import { RootstockError } from '../../errors.ts';
import type { GraphPrefix, Params } from '../../models/definition.ts';
import { standsStill } from '../../transfer/stands-still.ts';
import { type Batch, loadBatch, loadTargets, type Rows } from '../batches.ts';
import type { StageSetup } from '../stage-setup.ts';
import { checkPrefix } from './check-prefix.ts';
import { type EncodedSplit, type EncodeInput, encodeFeatures, encodeGraphs } from './encode-split.ts';

/** The outputs of a stage's frozen prefix for all its rows. */
export interface PrefixCache {
  /** Puts rows on the device: what the prefix made of them, and their targets. */
  load(split: 'train' | 'validation', rows: Rows): Batch;
}

/**
 * Computes the frozen prefix of a stage for every row, in file order and in batches of the training batch size, so that every attempt gets
 * the same bits. Null when the plan does not ask for it (`StagePlan.prefixCache`). `params` are all tensors of the stage.
 */
export async function openPrefixCache(setup: StageSetup, params: Params, between: () => Promise<void>): Promise<PrefixCache | null> {
  const { stage, model, train, validation } = setup;
  if (stage.prefixCache?.fits !== true) return null;
  const input: EncodeInput = {
    model,
    params,
    neighbours: stage.datamodule.neighbours,
    batchSize: stage.datamodule.train.batchSize,
    between,
  };
  const loaders = {
    train: await encodeSplit(setup, train, input),
    validation: validation === null || stage.trainer.limitValBatches === 0 ? null : await encodeSplit(setup, validation, input),
  };
  return {
    load(split, rows) {
      const load = loaders[split];
      if (load === null) throw new RootstockError('INTERNAL', `The prefix of stage "${stage.name}" was not computed for ${split}.`);
      return load(rows);
    },
  };
}

async function encodeSplit({ model, stage, train }: StageSetup, dataset: Dataset, input: EncodeInput): Promise<(rows: Rows) => Batch> {
  const { definition, config, facts } = model;
  const still = standsStill(stage);
  if (definition.inputs === 'graphs') {
    const prefix = definition.prefix?.(config, facts, still) ?? null;
    if (prefix === null || dataset.kind !== 'graphs') throw noPrefix(definition.name, stage.name);
    if (dataset === train) await checkPrefix(dataset, prefix, input);
    return graphLoader(dataset, { prefix, encoded: await encodeGraphs(dataset, prefix, input), neighbours: input.neighbours });
  }
  const prefix = definition.prefix?.(config, facts, still) ?? null;
  if (prefix === null || dataset.kind !== 'features') throw noPrefix(definition.name, stage.name);
  if (dataset === train) await checkPrefix(dataset, prefix, input);
  const encoded = await encodeFeatures(dataset, prefix, input);
  return (rows) => {
    const { x } = encoded.take(rows);
    if (x === undefined) throw noPrefix(definition.name, stage.name);
    return { kind: 'features', inputs: x, prefix, targets: loadTargets(dataset, rows), samples: rows.length };
  };
}

function graphLoader(
  dataset: GraphDataset,
  {
    prefix,
    encoded,
    neighbours,
  }: { readonly prefix: GraphPrefix; readonly encoded: EncodedSplit; readonly neighbours: NeighbourPlan | null },
): (rows: Rows) => Batch {
  const needsEdges = Object.values(prefix.encodings).some(({ lines }) => lines === 'edge');
  const source = needsEdges ? dataset : withoutEdges(dataset);
  const plan = needsEdges ? neighbours : NO_EDGES;
  return (rows) => {
    const batch = loadBatch(source, rows, plan);
    if (batch.kind !== 'graphs') throw new TypeError('molecules gave another kind of batch');
    return { ...batch, encoded: { prefix, values: encoded.take(rows) } };
  };
}

/** No two atoms are at one place (the data is checked for it), so that nobody has a neighbour. */
const NO_EDGES: NeighbourPlan = { cutOff: 0, selfInteraction: false, cell: null };

/** What is left for a decoder that reads nothing of edges: finding and uploading them would cost more than the rest of its step. */
function withoutEdges(dataset: GraphDataset): GraphDataset {
  const { y_edge_scalars: _scalars, y_edge_vector: _vector, ...targets } = dataset.targets;
  return { ...dataset, bonds: null, targets };
}

function noPrefix(model: string, stage: string): RootstockError {
  return new RootstockError(
    'PLAN_DRIFT',
    `Stage "${stage}" was planned with a frozen prefix that the model "${model}" does not have here.\nFix: give every worker the same model modules, then start the run again.`,
    { model, stage },
  );
}
