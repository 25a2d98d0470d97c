import type { DuckDBDataChunk, DuckDBListVector, DuckDBVector } from '@duckdb/node-api';
import { type ColumnLayout, columnPlace, type NumberColumn } from './columns.ts';
import type { Problems, RowName } from './problems.ts';
import type { OpenSource } from './source.ts';

/** Consecutive rows of a source, n of them. W: values per row over all x columns. T: y columns. */
export interface RowBlock {
  /** Number of the first row in its source, counting from 0. */
  readonly firstRow: number;
  readonly ids: readonly (bigint | string)[];
  /** [n, W]; without meaning once there are problems. */
  readonly x: Float32Array;
  /** [n, T] of a regressor; empty otherwise. */
  readonly y: Float32Array;
  /** [n] of a classifier; empty otherwise. */
  readonly labels: readonly (string | number)[];
}

/** What reading finds out on the way, shared by all sources of a run. */
export interface ReadContext {
  readonly problems: Problems;
  /** Values per row of each x column; the first row that has any decides. */
  readonly widths: Map<string, number>;
  /** Columns with a whole number that float32 cannot hold, and the first such number. */
  readonly inexact: Map<string, number>;
}

/**
 * Reads a source's rows in its order as float32 values (round to nearest, as ECMAScript's Math.fround). Problems are collected, not
 * thrown: DATA_NOT_FINITE for NaN, infinity, null and numbers beyond float32, COLUMN_RAGGED for a list of another length,
 * COLUMN_TYPE for a label that is neither whole nor text.
 */
export async function* readRows(source: OpenSource, layout: ColumnLayout, context: ReadContext): AsyncGenerator<RowBlock> {
  let firstRow = 0;
  try {
    for await (const chunk of source.session.stream(layout.sql)) {
      yield readChunk(chunk, { where: source.where, rowId: source.rowId, layout, context, firstRow });
      firstRow += chunk.rowCount;
    }
  } catch (error) {
    throw source.toError(error);
  }
}

interface ChunkInput {
  readonly where: string;
  readonly rowId: string | null;
  readonly layout: ColumnLayout;
  readonly context: ReadContext;
  readonly firstRow: number;
}

function readChunk(chunk: DuckDBDataChunk, input: ChunkInput): RowBlock {
  const { where, layout, context, firstRow } = input;
  const rows = chunk.rowCount;
  const ids = readIds(chunk, input);
  const nameOf = (row: number): RowName => ({ id: String(ids[row]), number: firstRow + row });
  const xStart = layout.idKind === 'row_number' ? 0 : 1;
  const xVectors = layout.x.map((_, k) => chunk.getColumnVector(xStart + k));
  const widths = layout.x.map((column, k) => findWidth(column, xVectors[k], { rows, widths: context.widths }));
  const width = widths.reduce((sum, value) => sum + value, 0);
  const x = new Float32Array(rows * width);
  let offset = 0;
  for (const [k, column] of layout.x.entries()) {
    const vector = xVectors[k];
    if (vector === undefined) continue;
    const target = { into: x, offset, stride: width, rows };
    const report = reporter(column, { where, context, nameOf });
    if (column.isList) readLists(vector as DuckDBListVector, { ...target, width: widths[k] ?? 0 }, report);
    else readNumbers(vector, target, report);
    offset += widths[k] ?? 0;
  }
  const yStart = xStart + layout.x.length;
  if (layout.label !== null) {
    const report = reporter(layout.y[0] ?? { name: '', isList: false, isWhole: false }, { where, context, nameOf });
    return { firstRow, ids, x, y: new Float32Array(0), labels: readLabels(chunk.getColumnVector(yStart), rows, report) };
  }
  const y = new Float32Array(rows * layout.y.length);
  for (const [k, column] of layout.y.entries()) {
    const report = reporter(column, { where, context, nameOf });
    readNumbers(chunk.getColumnVector(yStart + k), { into: y, offset: k, stride: layout.y.length, rows }, report);
  }
  return { firstRow, ids, x, y, labels: [] };
}

function readIds(chunk: DuckDBDataChunk, { where, rowId, layout, context, firstRow }: ChunkInput): readonly (bigint | string)[] {
  if (layout.idKind === 'row_number') return Array.from({ length: chunk.rowCount }, (_, row) => BigInt(firstRow + row));
  const vector = chunk.getColumnVector(0);
  return Array.from({ length: chunk.rowCount }, (_, row) => {
    const id = vector.getItem(row);
    if (typeof id === 'bigint' || typeof id === 'string') return id;
    const name = { id: String(firstRow + row), number: firstRow + row };
    const text = 'the row id is missing (null)';
    context.problems.addRow({ code: 'DATA_NOT_FINITE', where: columnPlace(where, rowId ?? ''), kind: 'id', text, row: name });
    return layout.idKind === 'int64' ? 0n : '';
  });
}

interface Report {
  notFinite(row: number, received: string): void;
  ragged(row: number, text: string): void;
  badLabel(row: number, text: string): void;
  /** Notes a number that rounding to float32 changed. */
  rounded(value: number): void;
}

interface ReporterInput {
  readonly where: string;
  readonly context: ReadContext;
  readonly nameOf: (row: number) => RowName;
}

function reporter({ name, isWhole }: NumberColumn, { where, context, nameOf }: ReporterInput): Report {
  const place = columnPlace(where, name);
  const { problems, inexact } = context;
  const finite = 'expected a finite number, received';
  return {
    notFinite: (row, received) =>
      problems.addRow({ code: 'DATA_NOT_FINITE', where: place, kind: '', text: `${finite} ${received}`, row: nameOf(row) }),
    ragged: (row, text) => problems.addRow({ code: 'COLUMN_RAGGED', where: place, kind: '', text, row: nameOf(row) }),
    badLabel: (row, text) => problems.addRow({ code: 'COLUMN_TYPE', where: place, kind: '', text, row: nameOf(row) }),
    rounded: (value) => {
      if (isWhole && !inexact.has(place)) inexact.set(place, value);
    },
  };
}

interface Target {
  readonly into: Float32Array;
  readonly offset: number;
  readonly stride: number;
  readonly rows: number;
}

function readNumbers(vector: DuckDBVector, { into, offset, stride, rows }: Target, report: Report): void {
  for (let row = 0, at = offset; row < rows; row++, at += stride) {
    const value = vector.getItem(row) as number | null;
    const single = Math.fround(value ?? Number.NaN);
    if (single - single !== 0) report.notFinite(row, nameValue(value));
    else if (single !== value) report.rounded(value ?? 0);
    into[at] = single;
  }
}

function readLists(vector: DuckDBListVector, target: Target & { readonly width: number }, report: Report): void {
  const { into, offset, stride, rows, width } = target;
  const values = vector.childVector;
  for (let row = 0; row < rows; row++) {
    const length = vector.getEntryLength(row);
    if (length === 0) report.notFinite(row, 'no list or an empty one');
    else if (length !== width) report.ragged(row, `expected ${width} values as in the first row, received ${length}`);
    else {
      const start = vector.getEntryOffset(row);
      const bad = copyList(values, { start, width }, { into, at: row * stride + offset }, report);
      if (bad !== null) report.notFinite(row, bad);
    }
  }
}

/** Copies one list; returns what is wrong with its first unusable element, or null. */
function copyList(
  values: DuckDBVector,
  { start, width }: { readonly start: number; readonly width: number },
  { into, at }: { readonly into: Float32Array; readonly at: number },
  report: Report,
): string | null {
  let bad: string | null = null;
  for (let k = 0; k < width; k++) {
    const value = values.getItem(start + k) as number | null;
    const single = Math.fround(value ?? Number.NaN);
    if (single - single !== 0) bad ??= `${nameValue(value)} at place ${k} of the list`;
    else if (single !== value) report.rounded(value ?? 0);
    into[at + k] = single;
  }
  return bad;
}

function readLabels(vector: DuckDBVector, rows: number, report: Report): readonly (string | number)[] {
  return Array.from({ length: rows }, (_, row) => {
    const label = vector.getItem(row);
    if (typeof label === 'string') return label;
    if (typeof label !== 'number' || Number.isNaN(label)) report.notFinite(row, `${label === null ? 'null' : String(label)} as a label`);
    else if (!Number.isSafeInteger(label)) report.badLabel(row, `expected a whole number below 2^53 or text as a label, received ${label}`);
    else return label + 0; // -0 becomes 0
    return 0;
  });
}

/** Values per row of a column; a list column's is that of the first row that has any, in any source. 0: not known yet. */
function findWidth(
  column: NumberColumn,
  vector: DuckDBVector | undefined,
  { rows, widths }: { readonly rows: number; readonly widths: Map<string, number> },
): number {
  const known = widths.get(column.name);
  if (known !== undefined) return known;
  const width = column.isList && vector !== undefined ? firstLength(vector as DuckDBListVector, rows) : 1;
  if (width > 0) widths.set(column.name, width);
  return width;
}

function firstLength(vector: DuckDBListVector, rows: number): number {
  for (let row = 0; row < rows; row++) {
    const length = vector.getEntryLength(row);
    if (length > 0) return length;
  }
  return 0;
}

function nameValue(value: number | null): string {
  if (value === null) return 'null';
  return Number.isFinite(value) ? `${value}, which is beyond float32 (3.4e38)` : String(value);
}
