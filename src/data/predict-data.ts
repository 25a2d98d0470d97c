import { plural } from '../contracts/plural.ts';
import { RootstockError } from '../errors.ts';
import { layOutColumns } from './columns.ts';
import { findEmptySource } from './empty-source.ts';
import { type MoleculePredictBatch, openMoleculeBatches, type PredictMolecules } from './graphs/predict-molecules.ts';
import { createProblems } from './problems.ts';
import { type ReadContext, type RowBlock, readRows } from './read-rows.ts';
import { findSource, type OpenSource, openSource } from './source.ts';

/** What to predict from. */
export interface PredictDataInput {
  /** Absolute path or glob of a parquet, CSV or JSONL file. */
  readonly path: string;
  /** Column with row ids, or null: the row number. */
  readonly rowId: string | null;
  /** Molecules; null or absent for plain features. */
  readonly molecules?: PredictMolecules | null | undefined;
  /** The x_features of a model of plain features. */
  readonly x: readonly string[];
  /** Values per row that the model takes, over all x columns. */
  readonly expectedWidth: number;
  /** Rows per batch, at least 1; the last batch may be shorter. */
  readonly batchSize: number;
  readonly signal?: AbortSignal | undefined;
}

/** Rows to predict, in file order. */
export type PredictBatch = FeaturePredictBatch | MoleculePredictBatch;

/** B rows of plain features. */
export interface FeaturePredictBatch {
  readonly kind: 'features';
  /** Number of the first row in the file, counting from 0. */
  readonly firstRow: number;
  readonly rows: number;
  /** [B, W] */
  readonly x: Float32Array;
  readonly rowIds: readonly string[];
}

/** Open data for prediction. Iterate once, then close. */
export interface PredictData {
  /** What a person should know of how the file is read. Whole sentences. */
  readonly warnings: readonly string[];
  batches(): AsyncGenerator<PredictBatch>;
  close(): void;
}

/**
 * Opens a file for prediction; needs no column of targets. Fails with FILE_NOT_FOUND, DATA_UNREADABLE, COLUMN_NOT_FOUND, COLUMN_TYPE.
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
  if (input.molecules !== undefined && input.molecules !== null) {
    const { molecules, batchSize, path } = input;
    const { batches, warnings } = await openMoleculeBatches(source, { molecules, batchSize, path }).catch((error: unknown) => {
      source.close();
      throw error;
    });
    return { warnings, batches, close: source.close };
  }
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
  const blocks = () => checkBlocks(readRows(source, layout, context), { ...input, source, context });
  return { warnings: [], batches: () => rebatch(blocks(), input.batchSize), close: source.close };
}

interface CheckInput extends PredictDataInput {
  readonly source: OpenSource;
  readonly context: ReadContext;
}

async function* checkBlocks(blocks: AsyncGenerator<RowBlock>, input: CheckInput): AsyncGenerator<RowBlock> {
  const { source, context } = input;
  let isEmpty = true;
  for await (const block of blocks) {
    const width = block.x.length / block.ids.length;
    // A width that could not be found out is a problem already.
    if (width !== input.expectedWidth && context.widths.size === input.x.length) throw wrongWidth(input, context.widths);
    context.problems.throwIfAny();
    isEmpty = false;
    yield block;
  }
  const empty = isEmpty ? await findEmptySource(source) : undefined;
  if (empty !== undefined) context.problems.add(empty);
  context.problems.throwIfAny();
}

/** Cuts blocks anew into batches of one size. */
async function* rebatch(blocks: AsyncGenerator<RowBlock>, batchSize: number): AsyncGenerator<FeaturePredictBatch> {
  let waiting: FeaturePredictBatch | null = null;
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

function joinRows(before: FeaturePredictBatch | null, { firstRow, ids, x }: RowBlock): FeaturePredictBatch {
  const rowIds = ids.map(String);
  if (before === null || before.rows === 0) return { kind: 'features', firstRow, rows: ids.length, x, rowIds };
  const joined = new Float32Array(before.x.length + x.length);
  joined.set(before.x);
  joined.set(x, before.x.length);
  return { kind: 'features', firstRow: before.firstRow, rows: before.rows + ids.length, x: joined, rowIds: [...before.rowIds, ...rowIds] };
}

function sliceRows({ firstRow, rows, x, rowIds }: FeaturePredictBatch, start: number, end: number): FeaturePredictBatch {
  const width = x.length / rows;
  return {
    kind: 'features',
    firstRow: firstRow + start,
    rows: end - start,
    x: x.slice(start * width, end * width),
    rowIds: rowIds.slice(start, end),
  };
}

function wrongWidth({ x, expectedWidth, path }: PredictDataInput, widths: ReadonlyMap<string, number>): RootstockError {
  const columns = x.map((name) => `${name} (${widths.get(name) ?? 0})`).join(', ');
  const received = x.reduce((sum, name) => sum + (widths.get(name) ?? 0), 0);
  const message = `The rows of ${path} do not fit the model.\n  x_features: expected ${expectedWidth} ${plural(expectedWidth, 'value')} per row, received ${received}: ${columns}\nFix: give the columns that the model was trained on.`;
  return new RootstockError('SHAPE_MISMATCH', message, { expected: expectedWidth, received });
}
