import type { DuckDBListVector, DuckDBVector } from '@duckdb/node-api';
import { plural } from '../contracts/plural.ts';
import type { NumberColumn } from './columns.ts';
import { readListCell, shapeText } from './nested-lists.ts';

/** What reading values has to say about rows; `row` counts within the chunk. */
export interface Report {
  notFinite(row: number, received: string): void;
  /** Null, or no list. */
  missing(row: number, received: string): void;
  ragged(row: number, text: string): void;
  badLabel(row: number, text: string): void;
  /** Notes a number that rounding to float32 changed. */
  rounded(value: number): void;
}

/** Where values go: a row's first one is at `offset + row * stride`. */
export interface Target {
  readonly into: Float32Array;
  readonly offset: number;
  readonly stride: number;
  readonly rows: number;
}

/** Copies a column of numbers. */
export function readNumbers(vector: DuckDBVector, { into, offset, stride, rows }: Target, report: Report): void {
  for (let row = 0, at = offset; row < rows; row++, at += stride) {
    const value = vector.getItem(row) as number | null;
    const single = Math.fround(value ?? Number.NaN);
    if (value === null) report.missing(row, 'null');
    else if (single - single !== 0) report.notFinite(row, nameValue(value));
    else if (single !== value) report.rounded(value);
    into[at] = single;
  }
}

/** Copies a column of lists of `width` numbers. */
export function readLists(vector: DuckDBListVector, target: Target & { readonly width: number }, report: Report): void {
  const { into, offset, stride, rows, width } = target;
  const values = vector.childVector;
  for (let row = 0; row < rows; row++) {
    const length = vector.getEntryLength(row);
    if (length === 0) report.missing(row, 'no list or an empty one');
    else if (length !== width) report.ragged(row, `expected ${width} ${plural(width, 'value')} as in the first row, received ${length}`);
    else {
      const start = vector.getEntryOffset(row);
      copyList(values, { start, width, row }, { into, at: row * stride + offset }, report);
    }
  }
}

/** Copies a column of lists of lists of one shape, row-major. */
export function readNested(
  vector: DuckDBVector,
  { depth }: NumberColumn,
  target: Target & { readonly width: number; readonly shape: readonly number[] },
  report: Report,
): void {
  const { into, offset, stride, rows, width, shape } = target;
  for (let row = 0; row < rows; row++) {
    const cell = readListCell(vector, row, depth);
    if (cell === null || (typeof cell !== 'string' && cell.values.length === 0)) report.missing(row, 'no list or an empty one');
    else if (typeof cell === 'string') report.ragged(row, cell);
    else if (shapeText(cell.shape) !== shapeText(shape)) {
      report.ragged(row, `expected lists of shape ${shapeText(shape)} as in the first row, received ${shapeText(cell.shape)}`);
    } else {
      for (let k = 0; k < width; k++) {
        const value = cell.values[k] as number;
        const single = Math.fround(value);
        if (cell.nulls?.has(k) === true) report.missing(row, `null at place ${k} of the list`);
        else if (single - single !== 0) report.notFinite(row, `${nameValue(value)} at place ${k} of the list`);
        else if (single !== value) report.rounded(value);
        into[row * stride + offset + k] = single;
      }
    }
  }
}

/** Copies one list, and reports its first unusable element. */
function copyList(
  values: DuckDBVector,
  { start, width, row }: { readonly start: number; readonly width: number; readonly row: number },
  { into, at }: { readonly into: Float32Array; readonly at: number },
  report: Report,
): void {
  let isGood = true;
  for (let k = 0; k < width; k++) {
    const value = values.getItem(start + k) as number | null;
    const single = Math.fround(value ?? Number.NaN);
    if (single - single !== 0) {
      if (isGood && value === null) report.missing(row, `null at place ${k} of the list`);
      else if (isGood) report.notFinite(row, `${nameValue(value)} at place ${k} of the list`);
      isGood = false;
    } else if (single !== value) report.rounded(value ?? 0);
    into[at + k] = single;
  }
}

/** What is known of the shapes of columns so far. */
export interface WidthContext {
  /** Values per row of each x column; the first row that has any decides. */
  readonly widths: Map<string, number>;
  /** Shape of each column of lists of lists, decided likewise. */
  readonly shapes: Map<string, readonly number[]>;
}

/** Values per row of a column; a list column's is that of the first row that has any, in any source. 0: not known yet. */
export function findWidth(
  column: NumberColumn,
  vector: DuckDBVector | undefined,
  { rows, context }: { readonly rows: number; readonly context: WidthContext },
): number {
  const known = context.widths.get(column.name);
  if (known !== undefined) return known;
  let width = 1;
  if (column.depth === 1 && vector !== undefined) width = firstLength(vector as DuckDBListVector, rows);
  if (column.depth > 1 && vector !== undefined) {
    const shape = firstShape(vector, rows, column.depth);
    width = shape.reduce((product, length) => product * length, 1);
    if (width > 0) context.shapes.set(column.name, shape);
  }
  if (width > 0) context.widths.set(column.name, width);
  return width;
}

function firstShape(vector: DuckDBVector, rows: number, depth: number): readonly number[] {
  for (let row = 0; row < rows; row++) {
    const cell = readListCell(vector, row, depth);
    if (cell !== null && typeof cell !== 'string' && cell.values.length > 0) return cell.shape;
  }
  return [0];
}

function firstLength(vector: DuckDBListVector, rows: number): number {
  for (let row = 0; row < rows; row++) {
    const length = vector.getEntryLength(row);
    if (length > 0) return length;
  }
  return 0;
}

function nameValue(value: number | null): string {
  return Number.isFinite(value) ? `${value}, which is beyond float32 (3.4e38)` : String(value);
}
