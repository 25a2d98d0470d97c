import { RootstockError } from '../errors.ts';
import { layOutColumns } from './columns.ts';
import { createProblems } from './problems.ts';
import { type ReadContext, type RowBlock, readRows } from './read-rows.ts';
import { findSource, openSource } from './source.ts';

/** What to predict from. */
export interface PredictDataInput {
  /** Absolute path or glob of a parquet, CSV or JSONL file. */
  readonly path: string;
  /** Column with row ids, or null: the row number. */
  readonly rowId: string | null;
  /** The model's x_features. */
  readonly x: readonly string[];
  /** Values per row that the model takes, over all x columns. */
  readonly expectedWidth: number;
  /** Rows per batch, at least 1; the last batch may be shorter. */
  readonly batchSize: number;
  readonly signal?: AbortSignal | undefined;
}

/** Rows to predict, B of them, in file order. */
export interface PredictBatch {
  /** Number of the first row in the file, counting from 0. */
  readonly firstRow: number;
  readonly rows: number;
  /** [B, W] */
  readonly x: Float32Array;
  readonly rowIds: readonly string[];
}

/** Open data for prediction. Iterate once, then close. */
export interface PredictData {
  batches(): AsyncGenerator<PredictBatch>;
  close(): void;
}

/**
 * Opens a file for prediction; needs the x columns only. Fails with FILE_NOT_FOUND, DATA_UNREADABLE, COLUMN_NOT_FOUND, COLUMN_TYPE.
 * Iterating fails with SHAPE_MISMATCH when rows have another width than the model takes, DATA_NOT_FINITE or COLUMN_RAGGED naming
 * rows (every problem of the next 2048 rows at once), and DATA_EMPTY when there are no rows at all.
 */
export async function openPredictData(input: PredictDataInput): Promise<PredictData> {
  const problems = createProblems();
  const found = await findSource({ kind: 'files', path: input.path }, 'data');
  if (!('spec' in found)) found.forEach(problems.add);
  problems.throwIfAny();
  if (!('spec' in found)) throw new TypeError('a source without files and without problems');
  const source = await openSource(found, { rowId: input.rowId, threads: null, signal: input.signal });
  const layout = await layOutColumns(source, { x: input.x, y: [], task: 'regression' }).catch((error: unknown) => {
    source.close();
    throw error;
  });
  if (!('sql' in layout)) {
    source.close();
    layout.forEach(problems.add);
    problems.throwIfAny();
    throw new TypeError('columns without a layout and without problems');
  }
  const context: ReadContext = { problems, widths: new Map(), shapes: new Map(), inexact: new Map() };
  return { batches: () => rebatch(checkBlocks(readRows(source, layout, context), input, context), input.batchSize), close: source.close };
}

async function* checkBlocks(blocks: AsyncGenerator<RowBlock>, input: PredictDataInput, context: ReadContext): AsyncGenerator<RowBlock> {
  let rows = 0;
  for await (const block of blocks) {
    const width = block.x.length / block.ids.length;
    // A width that could not be found out is a problem already.
    if (width !== input.expectedWidth && context.widths.size === input.x.length) throw wrongWidth(input, context.widths);
    context.problems.throwIfAny();
    rows += block.ids.length;
    yield block;
  }
  if (rows === 0) context.problems.add({ code: 'DATA_EMPTY', where: 'data', text: `${input.path} has no rows` });
  context.problems.throwIfAny();
}

/** Cuts blocks anew into batches of one size. */
async function* rebatch(blocks: AsyncGenerator<RowBlock>, batchSize: number): AsyncGenerator<PredictBatch> {
  let waiting: PredictBatch | null = null;
  for await (const block of blocks) {
    waiting = joinRows(waiting, block);
    let taken = 0;
    while (waiting.rows - taken >= batchSize) {
      yield sliceRows(waiting, taken, taken + batchSize);
      taken += batchSize;
    }
    waiting = sliceRows(waiting, taken, waiting.rows);
  }
  if (waiting !== null && waiting.rows > 0) yield waiting;
}

function joinRows(before: PredictBatch | null, { firstRow, ids, x }: RowBlock): PredictBatch {
  const rowIds = ids.map(String);
  if (before === null || before.rows === 0) return { firstRow, rows: ids.length, x, rowIds };
  const joined = new Float32Array(before.x.length + x.length);
  joined.set(before.x);
  joined.set(x, before.x.length);
  return { firstRow: before.firstRow, rows: before.rows + ids.length, x: joined, rowIds: [...before.rowIds, ...rowIds] };
}

function sliceRows({ firstRow, rows, x, rowIds }: PredictBatch, start: number, end: number): PredictBatch {
  const width = x.length / rows;
  return { firstRow: firstRow + start, rows: end - start, x: x.slice(start * width, end * width), rowIds: rowIds.slice(start, end) };
}

function wrongWidth({ x, expectedWidth, path }: PredictDataInput, widths: ReadonlyMap<string, number>): RootstockError {
  const columns = x.map((name) => `${name} (${widths.get(name) ?? 0})`).join(', ');
  const received = x.reduce((sum, name) => sum + (widths.get(name) ?? 0), 0);
  const message = `The rows of ${path} do not fit the model.\n  x_features: expected ${expectedWidth} values per row, received ${received}: ${columns}\nFix: give the columns that the model was trained on.`;
  return new RootstockError('SHAPE_MISMATCH', message, { expected: expectedWidth, received });
}
