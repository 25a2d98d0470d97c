import { dispose, Tensor } from '@tensorflow/tfjs-core';
import type { Dataset } from '../data/dataset.ts';
import { inScope } from '../kernels/scope.ts';
import type { Params } from '../models/definition.ts';
import type { LossTerms } from '../ops/ops.ts';
import { BATCHES_AHEAD, type BatchSource } from './batch-source.ts';
import { countBatches, disposeBatch, type Rows, rowsOfBatch, targetsOf } from './batches.ts';
import { evaluationContext } from './forward-context.ts';
import type { BatchResults, HeadMetrics, HeadResults } from './metrics/head-metrics.ts';
import type { HostLossTerms } from './metrics/running-loss.ts';
import { type JudgedPass, judgeModel } from './model-pass.ts';
import { readScalar, readValues } from './read-values.ts';
import type { Model } from './stage-setup.ts';

/** A pass over a dataset in file order, in eval mode. */
export interface EvaluationPass {
  readonly model: Model;
  readonly params: Params;
  readonly dataset: Dataset;
  /** Puts rows of the dataset on the device. */
  readonly batches: BatchSource;
  readonly batchSize: number;
  readonly dropLast: boolean;
  /** At most this many batches; null: all. */
  readonly limit: number | null;
  /** Runs before each batch, so that messages get in and the watchdog hears of progress; null: there is nothing to wait for. */
  readonly between: () => Promise<void> | null;
}

/** Adds every batch of a pass to the metrics. Touches neither the training stream nor any buffer. */
export async function evaluateDataset(pass: EvaluationPass, metrics: HeadMetrics): Promise<void> {
  const { model, params, batches } = pass;
  await overBatches(pass, async (rows) => {
    const batch = await batches.load(rows);
    const result = inScope(() => judgeModel(model, params, batch, evaluationContext(model)), tensorsOf);
    disposeBatch(batch);
    metrics.add(await toResults(pass, rows, { result, needsOutputs: metrics.needsOutputs }));
  });
}

/** Reads what a batch gave and frees it. */
async function toResults(
  { dataset }: EvaluationPass,
  rows: Rows,
  { result, needsOutputs }: { readonly result: JudgedPass; readonly needsOutputs: boolean },
): Promise<BatchResults> {
  const { losses, outputs } = result;
  const targets = needsOutputs ? targetsOf(dataset, rows) : {};
  const heads: Record<string, HeadResults> = {};
  for (const [head, { values, width }] of Object.entries(targets)) {
    const output = outputs[head];
    if (output !== undefined) heads[head] = { rows: values.length / width, outputs: await readValues(output), targets: values };
  }
  const found: Record<string, HostLossTerms> = {};
  for (const [head, terms] of Object.entries(losses)) found[head] = await readTerms(terms, rows.length);
  dispose([...tensorsOf(result)]);
  return { losses: found, heads };
}

function tensorsOf({ outputs, losses }: JudgedPass): readonly Tensor[] {
  const tensors = Object.values(outputs);
  for (const terms of Object.values(losses)) {
    if (terms instanceof Tensor) tensors.push(terms);
    else for (const { sum, count } of terms.means) tensors.push(...(count === null ? [sum] : [sum, count]));
  }
  return tensors;
}

/** Reads what a batch adds to a loss; a mean over the batch counts by its rows. */
async function readTerms(terms: LossTerms | Tensor, rows: number): Promise<HostLossTerms> {
  if (terms instanceof Tensor) return { combine: 'sum', means: [{ sum: (await readScalar(terms)) * rows, count: rows }] };
  const means: { sum: number; count: number | null }[] = [];
  for (const { sum, count } of terms.means)
    means.push({ sum: await readScalar(sum), count: count === null ? null : await readScalar(count) });
  return { combine: terms.combine, means };
}

async function overBatches(pass: EvaluationPass, work: (rows: Rows) => Promise<void>): Promise<void> {
  const { dataset, batches, batchSize, dropLast, limit } = pass;
  const order = Uint32Array.from({ length: dataset.rows }, (_, row) => row);
  const count = countBatches(dataset.rows, { batchSize, dropLast, limit });
  const rowsFrom = (batch: number, most: number) =>
    Array.from({ length: Math.min(most, count - batch) }, (_, at) => rowsOfBatch(order, batch + at, batchSize));
  for (let batch = 0; batch < count; batch += 1) {
    batches.expect?.(rowsFrom(batch, BATCHES_AHEAD));
    await pass.between();
    await work(rowsOfBatch(order, batch, batchSize));
  }
}
