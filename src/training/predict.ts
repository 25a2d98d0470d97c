import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { RootstockError } from '../errors.ts';
import type { Params } from '../models/definition.ts';
import { evaluationContext } from './forward-context.ts';
import type { Model } from './stage-setup.ts';

/** Computes one batch of outputs: x [B, W] row-major -> [B, T] values or [B, K] logits, row-major. Waits for the device. */
export async function predictBatch(
  model: Model,
  params: Params,
  batch: { readonly x: Float32Array; readonly rows: number },
): Promise<Float32Array> {
  const { definition } = model;
  if (definition.inputs === 'graphs') throw new RootstockError('NOT_AVAILABLE', 'Molecules cannot be predicted yet.');
  const outputs = tidy((): Tensor => {
    const inputs = tensor(batch.x, [batch.rows, batch.x.length / batch.rows], 'float32');
    return definition.forward(params, inputs, evaluationContext(model));
  });
  const values = Float32Array.from(await outputs.data());
  outputs.dispose();
  return values;
}

/** What the columns of a prediction are called. */
export interface PredictionColumns {
  readonly yFeatures: readonly string[];
  /** Class labels in order; null for a regressor. */
  readonly classes: readonly (string | number)[] | null;
}

/** Header of the CSV: `<y>` for each target, and `<y>_probability_<class>` for each class of a classifier. */
export function predictionHeader({ yFeatures, classes }: PredictionColumns): readonly string[] {
  if (classes === null) return yFeatures;
  return yFeatures.flatMap((name) => [name, ...classes.map((label) => `${name}_probability_${label}`)]);
}

/** One row of the CSV per row of outputs [B, T] or logits [B, K]. A classifier names its most probable class (the first of equals). */
export function predictionRows(
  outputs: Float32Array,
  { yFeatures, classes }: PredictionColumns,
): readonly (readonly (string | number)[])[] {
  const width = classes?.length ?? yFeatures.length;
  return Array.from({ length: outputs.length / width }, (_, row) => {
    const values = [...outputs.subarray(row * width, (row + 1) * width)];
    if (classes === null) return values;
    const probabilities = softmax(values);
    const best = probabilities.indexOf(Math.max(...probabilities));
    return [classes[best] ?? '', ...probabilities];
  });
}

/** One line of CSV as RFC 4180 writes it: quotes only where they are needed. */
export function csvLine(cells: readonly (string | number)[]): string {
  return `${cells.map((cell) => (/[",\r\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : String(cell))).join(',')}\n`;
}

function softmax(logits: readonly number[]): readonly number[] {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
