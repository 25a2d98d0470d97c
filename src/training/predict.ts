import { dispose, tidy } from '@tensorflow/tfjs-core';
import type { NeighbourPlan } from '../contracts/graphs.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Params } from '../models/definition.ts';
import { disposeBatch, loadBatch } from './batches.ts';
import { evaluationContext } from './forward-context.ts';
import { edgesPerGraph } from './graph-batches.ts';
import { computeOutputs } from './model-pass.ts';
import type { Model } from './stage-setup.ts';

/** What a model gave for B rows, on the host. */
export interface Predictions {
  readonly rows: number;
  /** By head, row-major; a model of plain features has one, `y`; a mean-variance model adds `<head>::std`. */
  readonly heads: Readonly<Record<string, { readonly values: Float32Array; readonly width: number }>>;
  /** Atoms and edges of each molecule; null for plain features. */
  readonly sizes: { readonly node: readonly number[]; readonly edge: readonly number[] } | null;
}

/** Predicts every row of a dataset as one batch, in eval mode. Waits for the device. */
export async function predictBatch(
  model: Model,
  params: Params,
  { dataset, neighbours }: { readonly dataset: Dataset; readonly neighbours: NeighbourPlan | null },
): Promise<Predictions> {
  const rows = Uint32Array.from({ length: dataset.rows }, (_, row) => row);
  const batch = loadBatch(dataset, rows, neighbours);
  const sizes = batch.kind === 'graphs' ? { node: [...batch.host.nodesPerGraph], edge: edgesPerGraph(batch.host) } : null;
  const outputs = tidy(() => ({ ...computeOutputs(model, params, batch, evaluationContext(model)) }));
  disposeBatch(batch);
  const heads: Record<string, Predictions['heads'][string]> = {};
  for (const [head, tensor] of Object.entries(outputs)) {
    heads[head] = { values: Float32Array.from(await tensor.data()), width: tensor.shape[1] ?? 1 };
  }
  dispose(outputs);
  return { rows: dataset.rows, heads, sizes };
}
