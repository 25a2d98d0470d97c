import type { DuckDBListVector, DuckDBVector } from '@duckdb/node-api';

/** The content of a list cell: numbers row-major, NaN for null; `shape[0]` is the outermost length. Below an empty list lengths are 0. */
export interface ListCell {
  readonly values: readonly number[];
  readonly shape: readonly number[];
}

/** Reads a cell of numbers in lists of a given depth (1: a list, 2: a list of lists). Null: no list. Text: what is wrong with its shape. */
export function readListCell(vector: DuckDBVector, row: number, depth: number): ListCell | string | null {
  const list = (vector as DuckDBListVector).getItemVector(row);
  if (list === null) return null;
  if (depth === 1) {
    const values = list.toArray().map((value) => (value === null ? Number.NaN : (value as number)));
    return { values, shape: [values.length] };
  }
  const values: number[] = [];
  let inner: readonly number[] | null = null;
  for (let entry = 0; entry < list.itemCount; entry++) {
    const cell = readListCell(list, entry, depth - 1);
    if (typeof cell === 'string') return cell;
    if (cell === null) return `entry ${entry} is null, expected a list`;
    if (inner !== null && shapeText(inner) !== shapeText(cell.shape)) {
      return `entries have different shapes: ${shapeText(inner)} and, at ${entry}, ${shapeText(cell.shape)}`;
    }
    inner = cell.shape;
    for (const value of cell.values) values.push(value);
  }
  return { values, shape: [list.itemCount, ...(inner ?? Array.from({ length: depth - 1 }, () => 0))] };
}

/** `[3, 2]` */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
