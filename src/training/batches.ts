import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { NeighbourPlan } from '../contracts/graphs.ts';
import type { StagePlan } from '../contracts/plan.ts';
import type { Dataset, FeatureDataset } from '../data/dataset.ts';
import { takeRows } from '../data/float-rows.ts';
import { buildGraphBatch } from '../data/graphs/build-graph-batch.ts';
import type { HostGraphBatch } from '../data/graphs/graph-batch.ts';
import { joinLines } from '../data/ragged-lines.ts';
import type { Encodings, FeaturePrefix, GraphPrefix } from '../models/definition.ts';
import { permutation } from '../random/permutation.ts';
import { permutationStream } from '../random/stream.ts';
import { type UploadedGraphBatch, uploadGraphBatch } from './graph-batches.ts';

/** Which rows a batch holds: positions in the dataset. */
export type Rows = Uint32Array;

/** One batch on the device. */
export type Batch = FeatureBatch | MoleculeBatch;

/** B rows of plain features. W inputs, T targets. */
export interface FeatureBatch {
  readonly kind: 'features';
  /** [B, W] float32; with a prefix, what it made of them. */
  readonly inputs: Tensor;
  /** The frozen part of the model that is done already. Absent: none is. */
  readonly prefix?: FeaturePrefix;
  /** [B, T] float32 of a regressor, [B] int32 classes of a classifier. */
  readonly targets: Tensor;
  readonly samples: number;
}

/** A batch of molecules; `samples` counts them. */
export interface MoleculeBatch {
  readonly kind: 'graphs';
  readonly graphs: UploadedGraphBatch;
  /** What is copied there: how many atoms and edges each molecule has is read here. */
  readonly host: HostGraphBatch;
  /** What the frozen part of the model made of them. Absent: nothing is done yet. */
  readonly encoded?: { readonly prefix: GraphPrefix; readonly values: Encodings };
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

/** Copies rows to the device, made in this thread. A dataset without targets gives empty ones. `neighbours` says how molecules become graphs. Dispose of it with `disposeBatch`. */
export function loadBatch(dataset: Dataset, rows: Rows, neighbours: NeighbourPlan | null): Batch {
  if (dataset.kind === 'graphs') {
    if (neighbours === null) throw new TypeError('molecules need a neighbour plan');
    return toMoleculeBatch(buildGraphBatch(dataset, rows, neighbours));
  }
  const { width } = dataset;
  return {
    kind: 'features',
    inputs: tensor(takeRows(dataset.x, rows, width), [rows.length, width], 'float32'),
    targets: loadTargets(dataset, rows),
    samples: rows.length,
  };
}

/** Gives a batch of molecules on the device, each part of it once it is read. */
export function toMoleculeBatch(host: HostGraphBatch): MoleculeBatch {
  return { kind: 'graphs', graphs: uploadGraphBatch(host), host, samples: host.numGraphs };
}

/** Frees a batch. */
export function disposeBatch(batch: Batch): void {
  if (batch.kind === 'graphs') {
    batch.graphs.dispose();
    for (const values of Object.values(batch.encoded?.values ?? {})) values.dispose();
    return;
  }
  batch.inputs.dispose();
  batch.targets.dispose();
}

/** Copies the targets of rows of plain features to the device: [B, T] float32, or [B] int32 classes. */
export function loadTargets(dataset: FeatureDataset, rows: Rows): Tensor {
  const { values, width } = featureTargets(dataset, rows);
  return values instanceof Int32Array ? tensor(values, [rows.length], 'int32') : tensor(values, [rows.length, width], 'float32');
}

/** Targets of one head on the host, row-major. */
export interface HostTargets {
  readonly values: Float32Array | Int32Array;
  readonly width: number;
}

/** Targets of rows on the host by head, molecules, atoms and edges in the order of a batch; plain features have the head `y`. */
export function targetsOf(dataset: Dataset, rows: Rows): Readonly<Record<string, HostTargets>> {
  if (dataset.kind === 'features') return { y: featureTargets(dataset, rows) };
  return Object.fromEntries(
    Object.entries(dataset.targets).map(([head, targets]) => [head, { values: joinLines(targets, rows), width: targets.width }]),
  );
}

function featureTargets({ y, targetWidth }: FeatureDataset, rows: Rows): HostTargets {
  const width = y instanceof Int32Array ? 1 : targetWidth;
  const values = y instanceof Int32Array ? new Int32Array(rows.length) : new Float32Array(rows.length * width);
  if (y.length > 0) rows.forEach((row, at) => values.set(y.subarray(row * width, (row + 1) * width), at * width));
  return { values, width };
}
