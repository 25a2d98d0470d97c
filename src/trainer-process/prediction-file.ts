import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { extname } from 'node:path';
import { cannotWrite } from '../contracts/cannot-write.ts';
import { jsonlToParquet } from '../data/jsonl-to-parquet.ts';
import { RootstockError } from '../errors.ts';
import type { PredictionCell, PredictionTable } from '../training/prediction-table.ts';

/** A file of predictions in the making. */
export interface PredictionFile {
  /** Appends rows. The columns of the first table are those of the file. */
  append(table: PredictionTable): Promise<void>;
}

type Format = 'csv' | 'jsonl' | 'parquet';

const FORMATS: Readonly<Record<string, Format>> = { '.csv': 'csv', '.jsonl': 'jsonl', '.ndjson': 'jsonl', '.parquet': 'parquet' };

/** The format of a file by its extension. USAGE for another one. */
export function predictionFormat(path: string): Format {
  const format = FORMATS[extname(path).toLowerCase()];
  if (format !== undefined) return format;
  throw new RootstockError(
    'USAGE',
    `--out "${path}": expected a file that ends in ${Object.keys(FORMATS).join(', ')}.\nFix: give it one of these extensions.`,
    { path },
  );
}

/**
 * Writes predictions as CSV (lists as JSON in a cell), JSONL or parquet, by the extension. The file takes its name only when it is
 * complete. Errors: USAGE, OUTPUT_UNWRITABLE when it cannot be written.
 */
export async function writePredictions(path: string, work: (file: PredictionFile) => Promise<void>): Promise<void> {
  const format = predictionFormat(path);
  const temp = `${path}.${randomUUID()}.tmp`;
  const unwritable = (cause: unknown): never => {
    throw cannotWrite(path, cause);
  };
  const lines = await open(temp, 'wx').catch(unwritable);
  const rows = `${temp}.parquet`;
  try {
    const first = await writeLines((text) => lines.writeFile(text, 'utf8').catch(unwritable), format, work);
    await lines.close();
    if (format === 'parquet') {
      await jsonlToParquet(temp, rows, first === null ? {} : parquetTypes(first)).catch(unwritable);
      await rename(rows, path);
      await rm(temp, { force: true });
    } else await rename(temp, path);
  } catch (error) {
    await lines.close().catch(() => undefined);
    for (const left of [temp, rows]) await rm(left, { force: true });
    throw error;
  }
}

/** Writes all rows and returns the first table: its columns are the file's, its cells show their types. */
async function writeLines(
  write: (text: string) => Promise<void>,
  format: Format,
  work: (predictions: PredictionFile) => Promise<void>,
): Promise<PredictionTable | null> {
  let first: PredictionTable | null = null;
  await work({
    async append(table) {
      if (first === null && format === 'csv') await write(csvLine(table.columns));
      first ??= table;
      const toLine = format === 'csv' ? csvLine : (cells: readonly PredictionCell[]) => jsonLine(table.columns, cells);
      await write(table.rows.map(toLine).join(''));
    },
  });
  return first;
}

/** One line of CSV as RFC 4180 writes it: quotes only where they are needed; a list is JSON. */
export function csvLine(cells: readonly PredictionCell[]): string {
  const texts = cells.map((cell) => (typeof cell === 'object' ? JSON.stringify(cell) : String(cell)));
  return `${texts.map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(',')}\n`;
}

function jsonLine(columns: readonly string[], cells: readonly PredictionCell[]): string {
  return `${JSON.stringify(Object.fromEntries(columns.map((name, at) => [name, cells[at] ?? null])))}\n`;
}

/** A column is text where class labels are, and numbers otherwise: float32 values and numeric labels both fit DOUBLE. */
function parquetTypes({ columns, rows }: PredictionTable): Readonly<Record<string, string>> {
  return Object.fromEntries(columns.map((name, at) => [name, typeOf(rows.map((cells) => cells[at] ?? null))]));
}

function typeOf(cells: readonly (PredictionCell | null)[]): string {
  const lists = cells.filter((cell): cell is readonly number[] => Array.isArray(cell));
  if (lists.length > 0) return lists.some((list) => Array.isArray(list[0])) ? 'DOUBLE[][]' : 'DOUBLE[]';
  return cells.some((cell) => typeof cell === 'string') ? 'VARCHAR' : 'DOUBLE';
}
