import { dispose, tidy } from '@tensorflow/tfjs-core';
import type { Params } from '../models/definition.ts';
import type { BatchSource } from './batch-source.ts';
import { disposeBatch, type Rows } from './batches.ts';
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

/** Predicts rows as one batch, in eval mode. Waits for the device. */
export async function predictBatch(
  model: Model,
  params: Params,
  { batches, rows }: { readonly batches: BatchSource; readonly rows: Rows },
): Promise<Predictions> {
  const batch = await batches.load(rows);
  const sizes = batch.kind === 'graphs' ? { node: [...batch.host.nodesPerGraph], edge: edgesPerGraph(batch.host) } : null;
  const outputs = tidy(() => ({ ...computeOutputs(model, params, batch, evaluationContext(model)) }));
  disposeBatch(batch);
  const heads: Record<string, Predictions['heads'][string]> = {};
  for (const [head, tensor] of Object.entries(outputs)) {
    heads[head] = { values: Float32Array.from(await tensor.data()), width: tensor.shape[1] ?? 1 };
  }
  dispose(outputs);
  return { rows: rows.length, heads, sizes };
}
