import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { NeighbourPlan } from '../contracts/graphs.ts';
import type { StagePlan } from '../contracts/plan.ts';
import { buildGraphBatch } from '../data/build-graph-batch.ts';
import type { Dataset, FeatureDataset } from '../data/dataset.ts';
import type { GraphBatch } from '../models/definition.ts';
import { permutation } from '../random/permutation.ts';
import { permutationStream } from '../random/stream.ts';
import { disposeGraphBatch, uploadGraphBatch } from './graph-batches.ts';

/** Which rows a batch holds: positions in the dataset. */
export type Rows = Uint32Array;

/** One batch on the device. */
export type Batch = FeatureBatch | MoleculeBatch;

/** B rows of plain features. W inputs, T targets. */
export interface FeatureBatch {
  readonly kind: 'features';
  /** [B, W] float32. */
  readonly inputs: Tensor;
  /** [B, T] float32 of a regressor, [B] int32 classes of a classifier. */
  readonly targets: Tensor;
  readonly samples: number;
}

/** A batch of molecules; `samples` counts them. */
export interface MoleculeBatch {
  readonly kind: 'graphs';
  readonly graphs: GraphBatch;
  readonly samples: number;
}

/** The order of the training rows in one epoch: a pure function of (shuffle_seed or seed, stage, epoch); file order without shuffle. */
export function epochOrder(stage: StagePlan, rows: number, at: { readonly seed: number; readonly epoch: number }): Rows {
  const { train, shuffleSeed } = stage.datamodule;
  if (!train.shuffle) return Uint32Array.from({ length: rows }, (_, row) => row);
  return permutation(rows, permutationStream(shuffleSeed ?? at.seed, stage.index, at.epoch));
}

/** Rows of one batch; the last one of an epoch may be short. */
export function rowsOfBatch(order: Rows, batch: number, batchSize: number): Rows {
  return order.subarray(batch * batchSize, Math.min((batch + 1) * batchSize, order.length));
}

/** How many batches a pass makes over `rows` rows. Null: no limit. */
export function countBatches(
  rows: number,
  options: { readonly batchSize: number; readonly dropLast: boolean; readonly limit: number | null },
): number {
  const batches = options.dropLast ? Math.floor(rows / options.batchSize) : Math.ceil(rows / options.batchSize);
  return Math.min(batches, options.limit ?? Number.POSITIVE_INFINITY);
}

/** Copies rows to the device. A dataset without targets gives empty ones. `neighbours` says how molecules become graphs. Dispose of it with `disposeBatch`. */
export function loadBatch(dataset: Dataset, rows: Rows, neighbours: NeighbourPlan | null): Batch {
  if (dataset.kind === 'graphs') {
    if (neighbours === null) throw new TypeError('molecules need a neighbour plan');
    return { kind: 'graphs', graphs: uploadGraphBatch(buildGraphBatch(dataset, rows, neighbours)), samples: rows.length };
  }
  const { width, targetWidth } = dataset;
  const inputs = new Float32Array(rows.length * width);
  rows.forEach((row, at) => inputs.set(dataset.x.subarray(row * width, (row + 1) * width), at * width));
  return {
    kind: 'features',
    inputs: tensor(inputs, [rows.length, width], 'float32'),
    targets: loadTargets(dataset, rows, targetWidth),
    samples: rows.length,
  };
}

/** Frees a batch. */
export function disposeBatch(batch: Batch): void {
  if (batch.kind === 'graphs') return disposeGraphBatch(batch.graphs);
  batch.inputs.dispose();
  batch.targets.dispose();
}

/** Targets of rows on the host, in the layout of `Dataset.y`. */
export function targetsOf({ y, targetWidth }: FeatureDataset, rows: Rows): Float32Array | Int32Array {
  const width = y instanceof Int32Array ? 1 : targetWidth;
  const targets = y instanceof Int32Array ? new Int32Array(rows.length) : new Float32Array(rows.length * width);
  if (y.length > 0) rows.forEach((row, at) => targets.set(y.subarray(row * width, (row + 1) * width), at * width));
  return targets;
}

function loadTargets(dataset: FeatureDataset, rows: Rows, targetWidth: number): Tensor {
  const targets = targetsOf(dataset, rows);
  return targets instanceof Int32Array ? tensor(targets, [rows.length], 'int32') : tensor(targets, [rows.length, targetWidth], 'float32');
}
