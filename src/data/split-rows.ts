import type { SplitName } from '../contracts/plan.ts';
import type { RowName } from './problems.ts';
import type { RowBlock } from './read-rows.ts';

/** Rows of one block that go to one split; n of them, in their order. */
export interface SplitRows {
  readonly split: SplitName;
  readonly ids: readonly (bigint | string)[];
  /** [n, W] */
  readonly x: Float32Array;
  /** [n, T]; empty for a classifier. */
  readonly y: Float32Array;
  /** [n]; empty for a regressor. */
  readonly labels: readonly (string | number)[];
  /** Names a row by its index in this part. */
  readonly nameOf: (index: number) => RowName;
}

/** Deals the rows of a block out to splits; null leaves a row out. */
export function splitRows(block: RowBlock, assign: (rowId: string) => SplitName | null): readonly SplitRows[] {
  const places = new Map<SplitName, number[]>();
  for (const [row, id] of block.ids.entries()) {
    const split = assign(String(id));
    if (split === null) continue;
    const rows = places.get(split);
    if (rows === undefined) places.set(split, [row]);
    else rows.push(row);
  }
  return [...places].map(([split, rows]) => {
    const { firstRow, ids, x, y, labels } = rows.length === block.ids.length ? block : takeRows(block, rows);
    return { split, ids, x, y, labels, nameOf: (index) => ({ id: String(ids[index]), number: firstRow + (rows[index] ?? 0) }) };
  });
}

function takeRows({ firstRow, ids, x, y, labels }: RowBlock, rows: readonly number[]): RowBlock {
  return {
    firstRow,
    ids: rows.map((row) => ids[row] ?? 0n),
    x: takeMatrixRows(x, x.length / ids.length, rows),
    y: takeMatrixRows(y, y.length / ids.length, rows),
    labels: labels.length === 0 ? labels : rows.map((row) => labels[row] ?? 0),
  };
}

function takeMatrixRows(matrix: Float32Array, width: number, rows: readonly number[]): Float32Array {
  const taken = new Float32Array(rows.length * width);
  for (const [at, row] of rows.entries()) taken.set(matrix.subarray(row * width, (row + 1) * width), at * width);
  return taken;
}
