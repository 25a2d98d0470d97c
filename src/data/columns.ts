import { didYouMean } from '../contracts/nearest.ts';
import { findEmptySource } from './empty-source.ts';
import type { DataProblem } from './problems.ts';
import { type ColumnInfo, quoteName } from './session.ts';
import type { OpenSource } from './source.ts';

/** Columns that a reader asks for. */
export interface WantedColumns {
  readonly x: readonly string[];
  /** Empty for prediction. */
  readonly y: readonly string[];
  readonly task: 'regression' | 'classification';
}

/** A column of numbers to read. `depth`: 0 for one number per row, 1 for a list, 2 for a list of lists. `isWhole`: of an integer type, where float32 may not hold every value. */
export interface NumberColumn {
  readonly name: string;
  readonly depth: number;
  readonly isWhole: boolean;
}

/** Columns of a source, found and typed; `sql` selects them in the order row id (when it is a column), x, y. */
export interface ColumnLayout {
  readonly sql: string;
  readonly idKind: 'int64' | 'text' | 'row_number';
  readonly x: readonly NumberColumn[];
  readonly y: readonly NumberColumn[];
  /** How labels are read; null for regression and prediction. */
  readonly label: 'number' | 'text' | null;
}

/**
 * Finds the wanted columns in a source, or says everything that is wrong with them: COLUMN_NOT_FOUND, COLUMN_TYPE.
 * Names match exactly. Integers, reals, decimals and booleans become numbers; text never does, so a mistyped cell cannot turn into
 * a missing value unseen.
 */
export async function layOutColumns(source: OpenSource, wanted: WantedColumns): Promise<ColumnLayout | readonly DataProblem[]> {
  const { columns } = source;
  const problems: DataProblem[] = [];
  const find = (name: string, role: string): ColumnInfo | undefined => {
    const column = columns.find((candidate) => candidate.name === name);
    if (column === undefined) problems.push(missingColumn(name, role, source));
    return column;
  };
  const x: NumberColumn[] = [];
  const y: NumberColumn[] = [];
  for (const name of wanted.x) {
    const column = find(name, 'x_features');
    if (column === undefined) continue;
    if (isNumeric(column)) x.push({ name, depth: column.depth, isWhole: column.kind === 'integer' });
    else problems.push(await wrongType(source, column, 'a number, or a list of numbers'));
  }
  const isLabel = wanted.task === 'classification';
  let label: ColumnLayout['label'] = null;
  for (const name of wanted.y) {
    const column = find(name, 'y_features');
    if (column === undefined) continue;
    const usable = !column.isList && (isNumeric(column) || (isLabel && column.kind === 'text'));
    if (!usable) problems.push(await wrongType(source, column, isLabel ? 'a label: a whole number or text' : 'one number per row'));
    else if (isLabel) label = column.kind === 'text' || column.kind === 'boolean' ? 'text' : 'number';
    y.push({ name, depth: 0, isWhole: column.kind === 'integer' });
  }
  const idKind = findRowId(source, problems);
  if (problems.length > 0) {
    const empty = await findEmptySource(source);
    return empty === undefined ? problems : [empty];
  }
  return { sql: selectSql(source, { idKind, x, y, label }), idKind, x, y, label };
}

/** Finds the column of row ids; what is wrong with it goes to `problems`. */
export function findRowId(source: OpenSource, problems: DataProblem[]): ColumnLayout['idKind'] {
  const { columns, where, rowId } = source;
  if (rowId === null) return 'row_number';
  const id = columns.find(({ name }) => name === rowId);
  if (id === undefined) {
    problems.push(missingColumn(rowId, 'row_id', source));
    return 'row_number';
  }
  if (id.isList || (id.kind !== 'integer' && id.kind !== 'text' && id.kind !== 'time')) {
    const text = `expected a row id: whole numbers or text; received ${id.type}`;
    problems.push({ code: 'COLUMN_TYPE', where: columnPlace(where, id.name), text });
  }
  return id.fitsInt64 ? 'int64' : 'text';
}

/** Selects the row id as the first column, unless the row number serves. */
export function rowIdSql({ rowId }: OpenSource, idKind: ColumnLayout['idKind']): string[] {
  if (idKind === 'row_number') return [];
  return [`CAST(${quoteName(rowId ?? '')} AS ${idKind === 'int64' ? 'BIGINT' : 'VARCHAR'}) AS "row id"`];
}

/** How messages name a column: the source's dotted path, then the column. */
export function columnPlace(where: string, column: string): string {
  return `${where}, column ${JSON.stringify(column)}`;
}

/** Casts happen here and only here, so that a value arrives the same from every format. A null list arrives empty. */
function selectSql(source: OpenSource, layout: Omit<ColumnLayout, 'sql'>): string {
  const idSql = rowIdSql(source, layout.idKind);
  const number = ({ name, depth }: NumberColumn): string => {
    const type = `DOUBLE${'[]'.repeat(depth)}`;
    const value = `CAST(${quoteName(name)} AS ${type})`;
    return depth === 0 ? value : `coalesce(${value}, CAST([] AS ${type}))`;
  };
  const target = (column: NumberColumn): string =>
    layout.label === 'text' ? `CAST(${quoteName(column.name)} AS VARCHAR)` : number(column);
  const order = source.hasFileOrder ? '' : ' ORDER BY 1';
  return `SELECT ${[...idSql, ...layout.x.map(number), ...layout.y.map(target)].join(', ')} FROM ${source.view}${order}`;
}

function isNumeric({ kind }: ColumnInfo): boolean {
  return kind === 'integer' || kind === 'real' || kind === 'boolean';
}

/** A column that is not there, with the nearest names. */
export function missingColumn(name: string, role: string, { where, columns }: OpenSource): DataProblem {
  const names = columns.map((column) => column.name);
  const shown = names.length > 30 ? `${names.slice(0, 30).join(', ')}, ... (${names.length} in all)` : names.join(', ');
  const text = `${role} names a column that is not there${didYouMean(name, names)}. The columns are: ${shown}`;
  return { code: 'COLUMN_NOT_FOUND', where: columnPlace(where, name), text };
}

/** A column of an unusable type, with a value that shows why. */
export async function wrongType(source: OpenSource, { name, type, kind, isList }: ColumnInfo, expected: string): Promise<DataProblem> {
  const column = quoteName(name);
  const example = kind === 'text' && !isList ? await firstNonNumber(source, column) : undefined;
  const shown = example === undefined ? '' : `, for example ${JSON.stringify(example)}`;
  const text = `expected ${expected}; received ${type}${shown}`;
  const problem = { code: 'COLUMN_TYPE', where: columnPlace(source.where, name) } as const;
  if (example === undefined || !DECIMAL_COMMA.test(example)) return { ...problem, text };
  return { ...problem, text: `${text}, which looks like a number with a decimal comma`, remedy: POINT_REMEDY };
}

/** `1,5`, as a spreadsheet writes it in a country whose decimal mark is the comma. */
const DECIMAL_COMMA = /^\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*$/u;

const POINT_REMEDY = "write the numbers with a decimal point, or convert the column in a sql source: CAST(replace(c, ',', '.') AS DOUBLE)";

async function firstNonNumber({ session, view, toError }: OpenSource, column: string): Promise<string | undefined> {
  const text = `CAST(${column} AS VARCHAR)`;
  const sql = `SELECT ${text} AS value FROM ${view} WHERE ${column} IS NOT NULL AND TRY_CAST(${text} AS DOUBLE) IS NULL LIMIT 1`;
  const rows = await session.rows(sql).catch((error: unknown) => {
    throw toError(error);
  });
  return rows[0]?.['value'];
}
