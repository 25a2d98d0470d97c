import type { Metrics } from '../contracts/json.ts';
import type { Weights } from '../contracts/tensors.ts';
import type { Dataset } from '../data/dataset.ts';
import type { BatchSource } from './batch-source.ts';
import { evaluateDataset } from './evaluate-dataset.ts';
import { createHeadMetrics } from './metrics/head-metrics.ts';
import type { Model } from './stage-setup.ts';
import { type TargetColumns, targetLayout } from './target-layout.ts';
import { uploadTensor } from './tensor-data.ts';

/** Which weights to judge on which rows. */
export interface EvaluateInput {
  readonly model: Model;
  readonly weights: Weights;
  readonly dataset: Dataset;
  readonly batches: BatchSource;
  readonly batchSize: number;
  readonly dropLast: boolean;
  /** At most this many batches; null: all. */
  readonly limit: number | null;
  /** Names of metrics; null: all of the task. The loss is always there. */
  readonly metrics: readonly string[] | null;
  /** y_features by head: where a head has several, each is judged for itself, too (`test/mae/<column>`). */
  readonly columns?: TargetColumns;
  /** `test` gives `test/accuracy`. */
  readonly prefix: string;
  /** See `EvaluationPass`. */
  readonly between: () => Promise<void> | null;
}

/** Computes metrics of weights on a dataset, in eval mode and file order. Errors: CONFIG_INVALID for metrics that do not fit the task. */
export async function evaluate(input: EvaluateInput): Promise<Metrics> {
  const { model, dataset, batches, batchSize, dropLast, limit, between } = input;
  const metrics = createHeadMetrics(targetLayout(model, input.columns ?? {}), input.metrics, { perColumn: true });
  const params = Object.fromEntries([...input.weights].map(([path, data]) => [path, uploadTensor(data)]));
  try {
    await evaluateDataset({ model, params, dataset, batches, batchSize, dropLast, limit, between }, metrics);
  } finally {
    for (const tensor of Object.values(params)) tensor.dispose();
  }
  return metrics.values(input.prefix);
}
