import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import { plural } from '../../contracts/plural.ts';
import type { Dataset, FeatureDataset, GraphDataset } from '../../data/dataset.ts';
import { concatenate } from '../../data/float-rows.ts';
import { RootstockError } from '../../errors.ts';
import type { Encodings, FeaturePrefix, GraphPrefix, Params } from '../../models/definition.ts';
import { BATCHES_AHEAD, type BatchSource } from '../batch-source.ts';
import { type Batch, disposeBatch, type Rows } from '../batches.ts';
import { evaluationContext } from '../forward-context.ts';
import { edgesPerGraph } from '../graph-batches.ts';
import { readValues } from '../read-values.ts';
import type { Model } from '../stage-setup.ts';
import { type EncodedLines, keepLines } from './encoded-lines.ts';

/** What a prefix gave for every row of a split. */
export interface EncodedSplit {
  /** The encodings of rows on the device, by name, lines in the order of a batch, to be disposed of. A model of plain features has one, `x`. */
  take(rows: Rows): Readonly<Record<string, Tensor>>;
  dispose(): void;
}

/** How a split is encoded. Its first batches are expected already (`expectFirst`). */
export interface EncodeInput {
  readonly model: Model;
  readonly params: Params;
  readonly batches: BatchSource;
  /** Rows that are encoded together. It may decide last bits, so it has to be the same at every start. */
  readonly batchSize: number;
  /** Runs before each batch. */
  readonly between: () => Promise<void>;
  /** Runs after each batch behind which all that are left are expected: what comes after them can be expected, too. */
  readonly allExpected: () => void;
}

/** Says that the first batches of a split will be asked for. */
export function expectFirst(dataset: Dataset, { batches, batchSize }: Pick<EncodeInput, 'batches' | 'batchSize'>): void {
  batches.expect?.(nextRows(range(Math.min(dataset.rows, BATCHES_AHEAD * batchSize)), 0, batchSize));
}

/** Computes a prefix for every row of plain features, in file order. */
export async function encodeFeatures(dataset: FeatureDataset, prefix: FeaturePrefix, input: EncodeInput): Promise<EncodedSplit> {
  const width = prefix.shape.reduce((product, size) => product * size, 1);
  const values = new Float32Array(dataset.rows * width);
  await overBatches(dataset, input, async (batch, first) => {
    if (batch.kind !== 'features') throw new TypeError('rows of plain features gave another kind of batch');
    const encoded = tidy(() => prefix.encode(input.params, batch.inputs, evaluationContext(input.model)));
    const found = await readValues(encoded);
    encoded.dispose();
    checkWidth(input.model, { name: 'x', lines: batch.samples, width, found: found.length });
    values.set(found, first * width);
  });
  const lines = keepLines({ offsets: range(dataset.rows + 1), width, values }, prefix.shape);
  return { take: (rows) => ({ x: lines.take(rows) }), dispose: () => lines.dispose() };
}

/** Computes a prefix for every molecule, in file order. */
export async function encodeGraphs(dataset: GraphDataset, prefix: GraphPrefix, input: EncodeInput): Promise<EncodedSplit> {
  const names = Object.keys(prefix.encodings);
  const parts: Record<string, Float32Array[]> = Object.fromEntries(names.map((name) => [name, []]));
  const edges: number[] = [];
  await overBatches(dataset, input, async (batch) => {
    if (batch.kind !== 'graphs') throw new TypeError('molecules gave another kind of batch');
    edges.push(...edgesPerGraph(batch.host));
    const encoded: Encodings = tidy(() => ({ ...prefix.encode(input.params, batch.graphs, evaluationContext(input.model)) }));
    for (const name of names) {
      const values = encoded[name] as Tensor;
      parts[name]?.push(await readValues(values));
      values.dispose();
    }
  });
  const offsets = { graph: range(dataset.rows + 1), node: dataset.nodeOffsets, edge: runningSum(edges) };
  const joined = names.map((name) => {
    const { lines, width } = prefix.encodings[name] as GraphPrefix['encodings'][string];
    const values = concatenate(parts[name] ?? []);
    checkWidth(input.model, { name, lines: offsets[lines].at(-1) ?? 0, width, found: values.length });
    return { name, lines: { offsets: offsets[lines], width, values } };
  });
  const kept: (readonly [string, EncodedLines])[] = [];
  const dispose = () => {
    for (const [, lines] of kept) lines.dispose();
  };
  try {
    // Once all are checked.
    for (const { name, lines } of joined) kept.push([name, keepLines(lines, [lines.width])]);
  } catch (error) {
    dispose();
    throw error;
  }
  return { take: (rows) => Object.fromEntries(kept.map(([name, lines]) => [name, lines.take(rows)])), dispose };
}

/** MODEL_CONFIG_INVALID when an encoding has other widths than its definition says: lines would be cut at the wrong places. */
function checkWidth(
  { definition }: Model,
  { name, lines, width, found }: { readonly name: string; readonly lines: number; readonly width: number; readonly found: number },
): void {
  if (found === lines * width) return;
  const text = `The prefix of the model "${definition.name}" gives ${found} values of "${name}" for ${lines} ${plural(lines, 'line')} of ${width}.`;
  throw new RootstockError(
    'MODEL_CONFIG_INVALID',
    `${text}\nFix: let the width in its definition be that of what encode gives; or set trainer.prefix_cache: off.`,
    { model: definition.name, encoding: name, lines, width, found },
  );
}

async function overBatches(
  dataset: Dataset,
  { batches, batchSize, between, allExpected }: EncodeInput,
  work: (batch: Batch, first: number) => Promise<void>,
): Promise<void> {
  const order = range(dataset.rows);
  for (let first = 0; first < dataset.rows; first += batchSize) {
    await between();
    const batch = await batches.load(order.subarray(first, first + batchSize));
    // Before this batch is worked on, so that others are built meanwhile.
    batches.expect?.(nextRows(order, first + batchSize, batchSize));
    if (first + (1 + BATCHES_AHEAD) * batchSize >= dataset.rows) allExpected();
    await work(batch, first);
    disposeBatch(batch);
  }
}

/** Rows of the batches from one row on, as many as are expected at a time. */
function nextRows(order: Rows, first: number, batchSize: number): readonly Rows[] {
  const count = Math.max(0, Math.min(BATCHES_AHEAD, Math.ceil((order.length - first) / batchSize)));
  return Array.from({ length: count }, (_, at) => order.subarray(first + at * batchSize, first + (at + 1) * batchSize));
}

function range(length: number): Uint32Array {
  return Uint32Array.from({ length }, (_, index) => index);
}

function runningSum(counts: readonly number[]): Uint32Array {
  const sums = new Uint32Array(counts.length + 1);
  for (const [index, count] of counts.entries()) sums[index + 1] = (sums[index] as number) + count;
  return sums;
}
