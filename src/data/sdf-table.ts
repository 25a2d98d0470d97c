import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseSdf, type SdfRecord } from '../molecules/sdf.ts';
import { dataError } from './problems.ts';
import { quoteName, quoteText, type Session } from './session.ts';

/** Columns that every SD file has, beside its data items. */
export const SDF_COLUMNS = { molBlock: 'mol_block', title: 'mol_title' } as const;

/** Rows that one INSERT holds: a few hundred kilobytes of SQL. */
const ROWS_PER_INSERT = 200;

const WHOLE = /^[+-]?\d{1,15}$/u;
const REAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/u;

/** What a table of SD files is made of. */
export interface SdfTableInput {
  readonly paths: readonly string[];
  /** Name of a further column with the path of the file, or null. */
  readonly fileColumn: string | null;
}

/**
 * Creates a table from SD files (`.sdf`, `.sdf.gz`): one row per record, with `mol_block`, `mol_title` and a column per data item. A data
 * item is a number when every record that has it writes one (or nothing, which is null), otherwise text.
 * Errors: DATA_UNREADABLE, with file, row and line.
 */
export async function createSdfTable(session: Session, table: string, { paths, fileColumn }: SdfTableInput): Promise<void> {
  const rows: { readonly record: SdfRecord; readonly path: string }[] = [];
  for (const path of paths) {
    const bytes = await readFile(path);
    const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    for (const record of parseSdf(text, basename(path))) rows.push({ record, path });
  }
  const tags = [...new Set(rows.flatMap(({ record }) => Object.keys(record.tags)))];
  const taken = [SDF_COLUMNS.molBlock, SDF_COLUMNS.title, ...(fileColumn === null ? [] : [fileColumn])];
  const clash = tags.find((tag) => taken.some((name) => name.toLowerCase() === tag.toLowerCase()));
  if (clash !== undefined) {
    throw dataError({
      code: 'DATA_UNREADABLE',
      where: paths.join(', '),
      text: `the data item <${clash}> has the name of a column that every SD file has`,
    });
  }
  const types = tags.map((tag) => typeOf(rows.map(({ record }) => record.tags[tag])));
  const columns = [...taken.map((name) => [name, 'VARCHAR']), ...tags.map((tag, i) => [tag, types[i]])];
  await session.run(`CREATE TABLE ${quoteName(table)} (${columns.map(([name = '', type]) => `${quoteName(name)} ${type}`).join(', ')})`);
  for (let first = 0; first < rows.length; first += ROWS_PER_INSERT) {
    const values = rows.slice(first, first + ROWS_PER_INSERT).map(({ record, path }) => {
      const fixed = [record.molBlock, record.title, ...(fileColumn === null ? [] : [path])].map(quoteText);
      return `(${[...fixed, ...tags.map((tag, i) => toSql(record.tags[tag], types[i] === 'VARCHAR'))].join(', ')})`;
    });
    await session.run(`INSERT INTO ${quoteName(table)} VALUES ${values.join(', ')}`);
  }
}

function typeOf(values: readonly (string | undefined)[]): 'BIGINT' | 'DOUBLE' | 'VARCHAR' {
  const written = values.map((value) => value?.trim() ?? '').filter((value) => value !== '');
  if (written.length === 0 || !written.every((value) => REAL.test(value))) return 'VARCHAR';
  return written.every((value) => WHOLE.test(value)) ? 'BIGINT' : 'DOUBLE';
}

function toSql(value: string | undefined, isText: boolean): string {
  if (value === undefined || (!isText && value.trim() === '')) return 'NULL';
  return isText ? quoteText(value) : quoteText(value.trim());
}
