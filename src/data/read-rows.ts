import type { DuckDBDataChunk, DuckDBListVector, DuckDBVector } from '@duckdb/node-api';
import { type ColumnLayout, columnPlace, type NumberColumn } from './columns.ts';
import { NULL_REMEDY, type Problems, type RowName } from './problems.ts';
import { readIds } from './read-ids.ts';
import { findWidth, type Report, readLists, readNested, readNumbers, type WidthContext } from './read-values.ts';
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
export interface ReadContext extends WidthContext {
  readonly problems: Problems;
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
  const ids = readIds(chunk, { where, rowId: input.rowId, idKind: layout.idKind, problems: context.problems, firstRow });
  const nameOf = (row: number): RowName => ({ id: String(ids[row]), number: firstRow + row });
  const xStart = layout.idKind === 'row_number' ? 0 : 1;
  const xVectors = layout.x.map((_, k) => chunk.getColumnVector(xStart + k));
  const widths = layout.x.map((column, k) => findWidth(column, xVectors[k], { rows, context }));
  const width = widths.reduce((sum, value) => sum + value, 0);
  const x = new Float32Array(rows * width);
  let offset = 0;
  for (const [k, column] of layout.x.entries()) {
    const vector = xVectors[k];
    if (vector === undefined) continue;
    const target = { into: x, offset, stride: width, rows };
    const report = reporter(column, { where, context, nameOf });
    const listWidth = widths[k] ?? 0;
    if (column.depth > 1) readNested(vector, column, { ...target, width: listWidth, shape: context.shapes.get(column.name) ?? [] }, report);
    else if (column.depth === 1) readLists(vector as DuckDBListVector, { ...target, width: listWidth }, report);
    else readNumbers(vector, target, report);
    offset += widths[k] ?? 0;
  }
  const yStart = xStart + layout.x.length;
  if (layout.label !== null) {
    const report = reporter(layout.y[0] ?? { name: '', depth: 0, isWhole: false }, { where, context, nameOf });
    return { firstRow, ids, x, y: new Float32Array(0), labels: readLabels(chunk.getColumnVector(yStart), rows, report) };
  }
  const y = new Float32Array(rows * layout.y.length);
  for (const [k, column] of layout.y.entries()) {
    const report = reporter(column, { where, context, nameOf });
    readNumbers(chunk.getColumnVector(yStart + k), { into: y, offset: k, stride: layout.y.length, rows }, report);
  }
  return { firstRow, ids, x, y, labels: [] };
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
    missing: (row, received) =>
      problems.addRow({
        code: 'DATA_NOT_FINITE',
        where: place,
        kind: 'null',
        text: `${finite} ${received}`,
        row: nameOf(row),
        remedy: NULL_REMEDY,
      }),
    ragged: (row, text) => problems.addRow({ code: 'COLUMN_RAGGED', where: place, kind: '', text, row: nameOf(row) }),
    badLabel: (row, text) => problems.addRow({ code: 'COLUMN_TYPE', where: place, kind: '', text, row: nameOf(row) }),
    rounded: (value) => {
      if (isWhole && !inexact.has(place)) inexact.set(place, value);
    },
  };
}

function readLabels(vector: DuckDBVector, rows: number, report: Report): readonly (string | number)[] {
  return Array.from({ length: rows }, (_, row) => {
    const label = vector.getItem(row);
    if (typeof label === 'string') return label;
    if (label === null) report.missing(row, 'null as a label');
    else if (typeof label !== 'number' || Number.isNaN(label)) report.notFinite(row, `${String(label)} as a label`);
    else if (!Number.isSafeInteger(label)) report.badLabel(row, `expected a whole number below 2^53 or text as a label, received ${label}`);
    else return label + 0; // -0 becomes 0
    return 0;
  });
}
