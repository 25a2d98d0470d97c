import type { DuckDBListVector, DuckDBVector } from '@duckdb/node-api';

/** The content of a list cell: numbers row-major, NaN for null; `shape[0]` is the outermost length. Below an empty list lengths are 0. */
export interface ListCell {
  readonly values: readonly number[];
  readonly shape: readonly number[];
  /** Places in `values` that are null; absent without any. */
  readonly nulls?: ReadonlySet<number>;
}

/** Reads a cell of numbers in lists of a given depth (1: a list, 2: a list of lists). Null: no list. Text: what is wrong with its shape. */
export function readListCell(vector: DuckDBVector, row: number, depth: number): ListCell | string | null {
  const list = (vector as DuckDBListVector).getItemVector(row);
  if (list === null) return null;
  if (depth === 1) {
    const cells = list.toArray() as readonly (number | null)[];
    const nulls = cells.flatMap((value, at) => (value === null ? [at] : []));
    return { values: cells.map((value) => value ?? Number.NaN), shape: [cells.length], ...withNulls(nulls) };
  }
  const values: number[] = [];
  const nulls: number[] = [];
  let inner: readonly number[] | null = null;
  for (let entry = 0; entry < list.itemCount; entry++) {
    const cell = readListCell(list, entry, depth - 1);
    if (typeof cell === 'string') return cell;
    if (cell === null) return `entry ${entry} is null, expected a list`;
    if (inner !== null && shapeText(inner) !== shapeText(cell.shape)) {
      return `entries have different shapes: ${shapeText(inner)} and, at ${entry}, ${shapeText(cell.shape)}`;
    }
    inner = cell.shape;
    for (const at of cell.nulls ?? []) nulls.push(values.length + at);
    for (const value of cell.values) values.push(value);
  }
  return { values, shape: [list.itemCount, ...(inner ?? Array.from({ length: depth - 1 }, () => 0))], ...withNulls(nulls) };
}

/** A cell of one number. */
export function scalarCell(value: number | null): ListCell {
  return { values: [value ?? Number.NaN], shape: [], ...withNulls(value === null ? [0] : []) };
}

/** One of a cell's values as messages name it: null is not NaN. */
export function nameEntry({ values, nulls }: ListCell, at: number): string {
  return nulls?.has(at) === true ? 'null' : String(values[at]);
}

function withNulls(nulls: readonly number[]): Pick<ListCell, 'nulls'> {
  return nulls.length === 0 ? {} : { nulls: new Set(nulls) };
}

/** `[3, 2]` */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
