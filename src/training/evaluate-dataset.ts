import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { NeighbourPlan } from '../contracts/graphs.ts';
import type { Dataset } from '../data/dataset.ts';
import { RootstockError } from '../errors.ts';
import type { Params } from '../models/definition.ts';
import { countBatches, disposeBatch, loadBatch, type Rows, rowsOfBatch, targetsOf } from './batches.ts';
import { evaluationContext } from './forward-context.ts';
import type { MetricSet } from './metrics/create-metrics.ts';
import { passModel } from './model-pass.ts';
import type { Model } from './stage-setup.ts';

/** A pass over a dataset in file order, in eval mode. */
export interface EvaluationPass {
  readonly model: Model;
  readonly params: Params;
  readonly dataset: Dataset;
  /** How molecules become graphs; null for plain features. */
  readonly neighbours: NeighbourPlan | null;
  readonly batchSize: number;
  readonly dropLast: boolean;
  /** At most this many batches; null: all. */
  readonly limit: number | null;
  /** Runs before each batch, so that messages get in and the watchdog hears of progress. */
  readonly between: () => Promise<void>;
}

/** Adds every batch of a pass to the metrics. Touches neither the training stream nor any buffer. */
export async function evaluateDataset(pass: EvaluationPass, metrics: MetricSet): Promise<void> {
  const { dataset } = pass;
  if (dataset.kind !== 'features') throw new RootstockError('NOT_AVAILABLE', 'Molecules cannot be evaluated yet.');
  await overBatches(pass, async (rows) => {
    const batch = loadBatch(pass.dataset, rows, pass.neighbours);
    const { outputs, loss } = tidy(() => {
      const result = passModel(pass.model, pass.params, batch, evaluationContext(pass.model));
      return { outputs: result.outputs['y'] as Tensor, loss: result.loss };
    });
    disposeBatch(batch);
    const [meanLoss, values] = await Promise.all([loss.data(), metrics.needsOutputs ? outputs.data() : new Float32Array(0)]);
    loss.dispose();
    outputs.dispose();
    metrics.add({
      rows: rows.length,
      loss: meanLoss[0] ?? Number.NaN,
      outputs: Float32Array.from(values),
      targets: targetsOf(dataset, rows),
    });
  });
}

async function overBatches(pass: EvaluationPass, work: (rows: Rows) => Promise<void>): Promise<void> {
  const { dataset, batchSize, dropLast, limit } = pass;
  const order = Uint32Array.from({ length: dataset.rows }, (_, row) => row);
  const batches = countBatches(dataset.rows, { batchSize, dropLast, limit });
  for (let batch = 0; batch < batches; batch += 1) {
    await pass.between();
    await work(rowsOfBatch(order, batch, batchSize));
  }
}
