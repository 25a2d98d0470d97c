import { stat } from 'node:fs/promises';
import { plural } from '../contracts/plural.ts';
import type { DataProblem } from './problems.ts';
import { quoteName, type Session } from './session.ts';
import type { FileFormat, SourceFiles } from './source-files.ts';

/** What of an open source is needed to see whether it has rows; see OpenSource. */
export interface RowSource {
  readonly where: string;
  readonly session: Session;
  readonly view: string;
  readonly files: SourceFiles | null;
  readonly toError: (error: unknown) => unknown;
}

/** What a file without rows has instead. */
const INSTEAD: Readonly<Record<FileFormat, string>> = {
  csv: 'has a header line and nothing after it',
  json: 'holds no JSON object',
  parquet: 'is a table without rows',
  sdf: 'holds no molecule',
};

/** DATA_EMPTY with the name of the file, when a source has no rows at all. Fails as reading does. */
export async function findEmptySource({ session, view, toError, where, files }: RowSource): Promise<DataProblem | undefined> {
  const rows = await session.rows(`SELECT 1 AS one FROM ${view} LIMIT 1`).catch((error: unknown) => {
    throw toError(error);
  });
  if (rows.length > 0) return undefined;
  if (files !== null) return emptyFiles(files, where);
  return { code: 'DATA_EMPTY', where, text: 'has no rows', remedy: 'check the query, and the files that it reads' };
}

/** DATA_EMPTY of the first named file without a row: what a query says of its columns has that for a cause. */
export async function findEmptyTable(
  { session, where }: Pick<RowSource, 'session' | 'where'>,
  tables: readonly { readonly name: string; readonly found: SourceFiles }[],
): Promise<DataProblem | undefined> {
  for (const { name, found } of tables) {
    const rows = await session.rows(`SELECT 1 AS one FROM ${quoteName(name)} LIMIT 1`);
    if (rows.length === 0) return emptyFiles(found, `${where}.files.${name}`);
  }
  return undefined;
}

async function emptyFiles({ paths, format }: SourceFiles, where: string): Promise<DataProblem> {
  const [path = ''] = paths;
  const sizes = await Promise.all(paths.map(async (each) => (await stat(each)).size));
  const what = sizes.every((size) => size === 0) ? 'is empty (0 bytes)' : INSTEAD[format];
  const others = paths.length === 1 ? '' : `, nor is there a row in the ${paths.length - 1} other ${plural(paths.length - 1, 'file')}`;
  const remedy = 'check the path, and what wrote the file';
  return { code: 'DATA_EMPTY', where, text: `has no rows: ${path} ${what}${others}`, remedy };
}
