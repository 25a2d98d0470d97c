import { stat } from 'node:fs/promises';
import { checkCsvRows, csvOptions, readCsvHeader } from './csv-dialect.ts';
import { explainUnreadable, refuseUtf16 } from './damaged-file.ts';
import { createSdfTable } from './sdf-table.ts';
import { globLiteral, quoteName, quoteText, type Session } from './session.ts';
import type { SourceFiles } from './source-files.ts';

/** Column of every named table in a sql source: the base name of the file a row came from, such as `5.json`. */
export const FILE_COLUMN = 'file';

const RAW_FILE_COLUMN = 'rootstock file path';

/** Which files a view is made of. */
export interface FileViewInput {
  readonly files: SourceFiles;
  readonly withFileColumn: boolean;
}

/**
 * Creates a view over files. Rows come in file order, files sorted. Types are found over all rows, so they do not depend on a sample;
 * columns of several files are matched by name. CSV files have a header line; the separator is whichever of `,` tab `;` `|` the
 * header has most of. JSON comes through as DuckDB reads it: one object per row (a file with one object is one row), objects as STRUCT,
 * arrays as lists. SD files have one row per molecule (see createSdfTable). With `withFileColumn` the view also has the column `file`, unless the data has one of that name.
 * Fails with an UnreadableFile where the cause is known, with DuckDB's error otherwise.
 */
export async function createFileView(session: Session, name: string, input: FileViewInput): Promise<void> {
  await refuseUtf16(input.files);
  try {
    await session.run(`CREATE VIEW ${quoteName(name)} AS SELECT ${viewColumns(input)} FROM ${await describeReader(session, name, input)}`);
  } catch (error) {
    if (input.files.format === 'csv') await findBrokenCsv(session, input.files.paths);
    throw await explainUnreadable(error, input.files);
  }
}

/** DuckDB's detection says only that it failed; reading the rows by the header says which line of which file is at fault. */
async function findBrokenCsv(session: Session, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    try {
      await checkCsvRows(session, path);
    } catch (error) {
      throw await explainUnreadable(error, { format: 'csv', paths: [path] });
    }
  }
}

function viewColumns({ withFileColumn }: FileViewInput): string {
  if (!withFileColumn) return '*';
  return `* EXCLUDE (${quoteName(RAW_FILE_COLUMN)}), parse_filename(${quoteName(RAW_FILE_COLUMN)}) AS ${FILE_COLUMN}`;
}

async function describeReader(session: Session, name: string, { files, withFileColumn }: FileViewInput): Promise<string> {
  if (files.format === 'sdf') {
    const table = `${name} records`;
    await createSdfTable(session, table, { paths: files.paths, fileColumn: withFileColumn ? RAW_FILE_COLUMN : null });
    return quoteName(table);
  }
  const list = `[${files.paths.map((path) => quoteText(globLiteral(path))).join(', ')}]`;
  const common = ['union_by_name = true', 'hive_partitioning = false'];
  const named = withFileColumn ? [...common, `filename = ${quoteText(RAW_FILE_COLUMN)}`] : common;
  if (files.format === 'parquet') return `read_parquet(${[list, ...named].join(', ')})`;
  if (files.format === 'csv') {
    const options = [list, ...csvOptions(await readCsvHeader(files.paths[0] ?? '')), ...named];
    const types =
      files.paths.length === 1 ? await findTypes(session, `read_csv(${[...options, 'sample_size = -1'].join(', ')})`) : undefined;
    // Times are left to the reader's own detection: it remembers their format, which a type alone does not say.
    const pinned = types !== undefined && !types.some(({ type }) => /DATE|TIME/.test(type));
    return `read_csv(${[...options, ...(pinned ? ['auto_detect = false', columnsOption(types)] : ['sample_size = -1'])].join(', ')})`;
  }
  const options = [list, ...(await jsonOptions(files.paths)), ...named];
  const types = await findTypes(session, `read_json(${[...options, 'sample_size = -1'].join(', ')})`);
  return `read_json(${[...options, columnsOption(types)].join(', ')})`;
}

interface NamedType {
  readonly name: string;
  readonly type: string;
}

/** Detects the columns once; a view that had to detect them would read the whole file again each time it is used. */
async function findTypes(session: Session, reader: string): Promise<readonly NamedType[]> {
  const rows = await session.rows(`SELECT column_name AS name, column_type AS type FROM (DESCRIBE FROM ${reader})`);
  return rows.flatMap(({ name = '', type = '' }) => (name === RAW_FILE_COLUMN ? [] : [{ name, type }]));
}

function columnsOption(types: readonly NamedType[]): string {
  return `columns = {${types.map(({ name, type }) => `${quoteText(name)}: ${quoteText(type)}`).join(', ')}}`;
}

async function jsonOptions(paths: readonly string[]): Promise<readonly string[]> {
  const lines = paths.every((path) => !/\.json(\.gz)?$/i.test(path));
  if (lines) return [`format = 'newline_delimited'`];
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size * (path.endsWith('.gz') ? 20 : 1)));
  // The reader's buffer holds one whole object: a file may be one object. DuckDB's default is 16 MiB.
  return [`format = 'auto'`, `maximum_object_size = ${Math.min(2 ** 30, Math.max(2 ** 24, ...sizes) + 1024)}`];
}
