import type { GraphHead } from '../contracts/graphs.ts';
import { RootstockError } from '../errors.ts';
import type { Predictions } from './predict.ts';

/** What is predicted, and what its columns are called. */
export interface PredictionColumns {
  readonly yFeatures: readonly string[];
  /** Class labels in order; null for a regressor. */
  readonly classes: readonly (string | number)[] | null;
  /** Molecules: y_features by head; null for plain features. */
  readonly targets: Readonly<Partial<Record<GraphHead, readonly string[]>>> | null;
}

/** A value of a prediction: one per row, or a list with one per atom or edge; a vector is a list of its own. */
export type PredictionCell = number | string | readonly number[] | readonly (readonly number[])[];

/** Predictions as a table: a column per y feature, rows in the order of the data. */
export interface PredictionTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly PredictionCell[])[];
}

/**
 * Arranges predictions: `<y>` for each y feature in their order; behind it `<y>::std` where the model predicts a standard deviation
 * (molflux's name), or `<y>_probability_<class>` for each class of a classifier, which names its most probable class (the first of equals).
 */
export function predictionTable(predictions: Predictions, { yFeatures, classes, targets }: PredictionColumns): PredictionTable {
  if (classes !== null) return classTable(predictions, { yFeatures, classes });
  const columns = yFeatures.flatMap((name) => {
    const { head, at } = placeOf(name, targets, yFeatures);
    return [
      { name, head, at },
      { name: `${name}::std`, head: `${head}::std`, at },
    ].filter((column) => predictions.heads[column.head] !== undefined);
  });
  const readers = columns.map(({ head, at }) => cellReader(predictions, head, at));
  return {
    columns: columns.map(({ name }) => name),
    rows: Array.from({ length: predictions.rows }, (_, row) => readers.map((read) => read(row))),
  };
}

/** Puts the id of each row before its predictions. USAGE when the predictions have a column of that name. */
export function withRowIds({ columns, rows }: PredictionTable, name: string, ids: readonly string[]): PredictionTable {
  if (columns.includes(name)) {
    throw new RootstockError(
      'USAGE',
      `--row-id: the predictions have a column "${name}" of their own.\nFix: name another column of the data, or leave it out.`,
      { column: name },
    );
  }
  return { columns: [name, ...columns], rows: rows.map((cells, row) => [ids[row] ?? '', ...cells]) };
}

/** The head of a y feature, and which of its columns it is. */
function placeOf(
  name: string,
  targets: PredictionColumns['targets'],
  yFeatures: readonly string[],
): { readonly head: string; readonly at: number } {
  for (const [head, names] of Object.entries(targets ?? {})) {
    if (names.includes(name)) return { head, at: names.indexOf(name) };
  }
  return { head: 'y', at: yFeatures.indexOf(name) };
}

function cellReader({ heads, sizes }: Predictions, head: string, at: number): (row: number) => PredictionCell {
  const { values, width } = heads[head] ?? { values: new Float32Array(0), width: 1 };
  const read = (line: number): number => values[line * width + at] ?? Number.NaN;
  const vector = (line: number): readonly number[] => [...values.subarray(line * width, (line + 1) * width)];
  const isVector = head.includes('_vector');
  if (sizes === null || head.startsWith('y_graph')) return isVector ? vector : read;
  const counts = head.startsWith('y_node') ? sizes.node : sizes.edge;
  const starts = runningSum(counts);
  const lines = (row: number) => Array.from({ length: counts[row] ?? 0 }, (_, line) => (starts[row] ?? 0) + line);
  return isVector ? (row) => lines(row).map(vector) : (row) => lines(row).map(read);
}

function classTable(
  { rows, heads }: Predictions,
  { yFeatures, classes }: { readonly yFeatures: readonly string[]; readonly classes: readonly (string | number)[] },
): PredictionTable {
  const logits = heads['y']?.values ?? new Float32Array(0);
  const width = classes.length;
  return {
    columns: yFeatures.flatMap((name) => [name, ...classes.map((label) => `${name}_probability_${label}`)]),
    rows: Array.from({ length: rows }, (_, row) => {
      const probabilities = softmax([...logits.subarray(row * width, (row + 1) * width)]);
      const best = probabilities.indexOf(Math.max(...probabilities));
      return [classes[best] ?? '', ...probabilities];
    }),
  };
}

function softmax(logits: readonly number[]): readonly number[] {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

function runningSum(counts: readonly number[]): readonly number[] {
  let sum = 0;
  return counts.map((count) => {
    sum += count;
    return sum - count;
  });
}
