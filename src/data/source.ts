import type { DataSourceSpec } from '../contracts/plan.ts';
import { RootstockError } from '../errors.ts';
import { remedyOfDamage, UnreadableFile } from './damaged-file.ts';
import { findEmptyTable } from './empty-source.ts';
import { createFileView } from './file-reader.ts';
import { type DataErrorCode, type DataProblem, dataError } from './problems.ts';
import { type ColumnInfo, openSession, quoteName, type Session } from './session.ts';
import { findFiles, type SourceFiles } from './source-files.ts';
import { findSqlProblem } from './sql-guard.ts';

/** A source whose files have been found. `where` is its dotted path in the run file, for messages. */
export interface FoundSource {
  readonly where: string;
  readonly spec: DataSourceSpec;
  readonly files: readonly { readonly name: string; readonly found: SourceFiles }[];
}

/** A source that can be queried. Close it. */
export interface OpenSource {
  readonly where: string;
  readonly session: Session;
  /** Quoted name of the view with the source's rows. */
  readonly view: string;
  readonly columns: readonly ColumnInfo[];
  /** The files that the rows come from; null for a query. */
  readonly files: SourceFiles | null;
  /** Column with the row ids, or null: the row number. */
  readonly rowId: string | null;
  /** Whether rows have an order of their own; otherwise they are sorted by row id. */
  readonly hasFileOrder: boolean;
  /** Turns DuckDB's error while reading into a coded one. */
  readonly toError: (error: unknown) => unknown;
  readonly close: () => void;
}

/** How sources are opened. */
export interface OpenSourceOptions {
  readonly rowId: string | null;
  readonly threads: number | null;
  readonly signal?: AbortSignal | undefined;
}

const FILES_VIEW = 'rootstock files';
const SQL_VIEW = 'rootstock query';

/** Finds the files of a source. Names every one that is missing. */
export async function findSource(spec: DataSourceSpec, where: string): Promise<FoundSource | readonly DataProblem[]> {
  const wanted = spec.kind === 'files' ? [{ name: FILES_VIEW, path: spec.path }] : namedPaths(spec.files);
  const found = await Promise.all(
    wanted.map(async ({ name, path }) => {
      const place = spec.kind === 'files' ? where : `${where}.files.${name}`;
      return { name, found: await findFiles(path, place) };
    }),
  );
  const files = found.flatMap(({ name, found: result }) => ('code' in result ? [] : [{ name, found: result }]));
  if (files.length === found.length) return { where, spec, files };
  return found.flatMap(({ found: result }) => ('code' in result ? [result] : []));
}

/**
 * Opens a source in a session of its own that can read its files and nothing else. A query runs on one thread: sums of floats,
 * first() and list() without an order depend on how rows are dealt out to threads. Fails with DATA_UNREADABLE, SQL_INVALID, or
 * DATA_EMPTY where a query fails on the columns of a file that has none for want of rows.
 */
export async function openSource(source: FoundSource, options: OpenSourceOptions): Promise<OpenSource> {
  const { where, spec, files } = source;
  const isSql = spec.kind === 'sql';
  const rowId = isSql ? (spec.rowId ?? options.rowId) : options.rowId;
  if (isSql && rowId === null) {
    const text = 'a sql source needs row_id, a column that names each row: the order of a query is not defined without it';
    throw dataError({ code: 'SQL_INVALID', where, text });
  }
  const readable = files.flatMap(({ found }) => found.paths);
  const session = await openSession({ readable, threads: isSql ? 1 : options.threads, signal: options.signal });
  const toReadError = (error: unknown): unknown => {
    const isQuery = isSql && remedyOfDamage(String(error)) === undefined;
    return toDataError(error, isQuery ? 'SQL_INVALID' : 'DATA_UNREADABLE', isSql ? `${where}.sql` : where);
  };
  try {
    for (const { name, found } of files) {
      await createFileView(session, name, { files: found, withFileColumn: isSql }).catch((error: unknown) => {
        const path = error instanceof UnreadableFile ? error.path : found.paths[0];
        throw toDataError(error, 'DATA_UNREADABLE', isSql ? `${where}.files.${name} (${path})` : `${where} (${path})`);
      });
    }
    const columns = isSql
      ? await openQuery(session, source, spec.sql).catch(explainBinding(session, source))
      : await session.describe(`FROM ${quoteName(FILES_VIEW)}`);
    return {
      where,
      session,
      view: quoteName(isSql ? SQL_VIEW : FILES_VIEW),
      columns,
      files: isSql ? null : (files[0]?.found ?? null),
      rowId,
      hasFileOrder: !isSql,
      toError: toReadError,
      close: session.close,
    };
  } catch (error) {
    session.close();
    throw toReadError(error);
  }
}

/** Checks the query, then makes it a view: the text itself is never put inside other SQL, so it cannot break out of it. */
async function openQuery(session: Session, { where, files }: FoundSource, sql: string): Promise<readonly ColumnInfo[]> {
  const text = await findSqlProblem(
    session,
    sql,
    files.map(({ name }) => name),
  );
  if (text !== undefined) throw dataError({ code: 'SQL_INVALID', where: `${where}.sql`, text });
  const columns = await session.describe(sql);
  const twice = columns.find(({ name }, index) => columns.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) {
    throw dataError({ code: 'SQL_INVALID', where: `${where}.sql`, text: `two columns are called ${JSON.stringify(twice.name)}; use AS` });
  }
  await session.run(`CREATE TEMP VIEW ${quoteName(SQL_VIEW)} AS\n${sql}`);
  return columns;
}

/** A column of the query that is not there, or is of a type that does not fit, is the fault of a file without rows, where there is one. */
function explainBinding(session: Session, { where, files }: FoundSource): (error: unknown) => Promise<never> {
  return async (error) => {
    const isBinding = error instanceof Error && error.message.startsWith('Binder Error');
    const empty = isBinding ? await findEmptyTable({ session, where }, files) : undefined;
    if (empty === undefined) throw error;
    throw dataError({ ...empty, text: `${empty.text}. So the query cannot be run: ${duckMessage(error, 'DATA_UNREADABLE')}` }, error);
  };
}

/** A reader's error as a coded one; a coded one as it is. */
function toDataError(error: unknown, code: DataErrorCode, where: string): unknown {
  if (error instanceof RootstockError) return error;
  const text = duckMessage(error, code);
  const remedy = error instanceof UnreadableFile ? error.remedy : remedyOfDamage(text);
  return dataError({ code, where, text, ...(remedy === undefined ? {} : { remedy }) }, error);
}

function namedPaths(files: Readonly<Record<string, string>>): readonly { readonly name: string; readonly path: string }[] {
  return Object.entries(files).map(([name, path]) => ({ name, path }));
}

/**
 * DuckDB's message, at most eight lines: without its advice on SQL options and without the excerpt of a statement. The excerpt stays
 * for queries, whose text the user knows.
 */
function duckMessage(error: unknown, code: DataErrorCode): string {
  const message = error instanceof Error ? error.message : String(error);
  const lines = message.split('\n').filter((line) => line.trim() !== '');
  const isOurs = (line: string): boolean => code === 'DATA_UNREADABLE' && /^LINE \d+:/.test(line);
  const end = lines.findIndex((line) => /^\s*(Possible (solutions?|fixes)|\* )/i.test(line) || isOurs(line));
  return lines.slice(0, end === -1 ? 8 : Math.min(end, 8)).join('\n    ');
}
