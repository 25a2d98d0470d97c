import { backend, type Tensor } from '@tensorflow/tfjs-core';
import { type WasmBackend, wholeHeap } from '../wasm/heap.ts';
import { newTensor } from './differentiable.ts';
import { hasFusedKernels, kernelsOf, pointerOf, scratchFloats } from './runtime.ts';
import { checkIndexes } from './segments.ts';

/** Lines of rows, one row after the other: row r has the lines offsets[r] .. offsets[r + 1] - 1. */
export interface TakenLines {
  readonly offsets: Uint32Array;
  readonly rows: ArrayLike<number>;
  /** How many lines the rows have. */
  readonly count: number;
  /** Of one line. */
  readonly shape: readonly number[];
}

/** Whether the active backend has the kernel. */
export function canTakeLines(): boolean {
  const { wasm } = backend() as unknown as Partial<WasmBackend>;
  return wasm !== undefined && hasFusedKernels(wasm);
}

/** Copies the lines of rows, in the order given, from a table [L, ...shape]: [count, ...shape]. Not differentiated. */
export function fusedTakeLines(table: Tensor, { offsets, rows, count, shape }: TakenLines): Tensor {
  const heap = backend() as unknown as WasmBackend;
  const lines = table.shape[0] ?? 0;
  const taken = newTensor(heap, [count, ...shape]);
  const indexes = scratchFloats(heap, count);
  writeIndexes(wholeHeap(heap.wasm).ints, indexes / 4, { offsets, rows });
  const status = kernelsOf(heap).gatherRows(count, lines, table.size / lines, pointerOf(heap, table), indexes, pointerOf(heap, taken));
  checkIndexes('take', status, lines);
  return taken;
}

function writeIndexes(to: Int32Array, first: number, { offsets, rows }: Pick<TakenLines, 'offsets' | 'rows'>): void {
  let filled = first;
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] as number;
    const end = offsets[row + 1] as number;
    for (let line = offsets[row] as number; line < end; line += 1) to[filled++] = line;
  }
}
