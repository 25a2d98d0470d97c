import type { WasmBackend } from '../wasm/heap.ts';
import { kernelsOf, wholeVectors } from './runtime.ts';

/**
 * Rows that are summed by themselves before they join the total: keeps rounding errors small when there are many, and decides bits. Blocks of other
 * sizes would give other bits.
 */
export const CHUNK_ROWS = 256;

/** Where a matrix lies: rows `stride` floats apart. */
export interface MatrixPlace {
  readonly pointer: number;
  readonly stride: number;
}

/** The sum of left^T . right [M, N] over chunks of rows, in order: the gradient of a weight. */
export interface WeightSums {
  /** Adds a chunk of at most CHUNK_ROWS rows, left [count, M] and right [count, N]: byte offsets. */
  add(count: number, left: number, right: number): void;
  copyTo(place: MatrixPlace): void;
}

/** Floats that `weightSums` needs. */
export function weightSumsFloats(m: number, n: number): number {
  return isTurned(m, n) ? n * wholeVectors(m) : m * wholeVectors(n);
}

/** Floats that it needs beside, for the chunk at hand. */
export function paddedFloats(m: number, n: number): number {
  return CHUNK_ROWS * Math.max(wholeVectors(m), wholeVectors(n));
}

/** Starts sums at 0. `memory` stays in use until they are copied, `padded` only within `add`. */
export function weightSums(
  backend: WasmBackend,
  [m, n]: readonly [number, number],
  { memory, padded }: { readonly memory: number; readonly padded: number },
): WeightSums {
  const { addTransposedProducts, clear, copyColumns, copyTransposed } = kernelsOf(backend);
  clear(weightSumsFloats(m, n), memory);
  return isTurned(m, n)
    ? {
        add: (count, left, right) => addTransposedProducts(count, n, m, right, n, left, m, memory, padded),
        copyTo: ({ pointer, stride }) => copyTransposed(m, n, memory, wholeVectors(m), pointer, stride),
      }
    : {
        add: (count, left, right) => addTransposedProducts(count, m, n, left, m, right, n, memory, padded),
        copyTo: ({ pointer, stride }) => copyColumns(m, n, memory, wholeVectors(n), pointer, stride),
      };
}

/**
 * Whether right^T . left is computed instead: columns are taken four at a time, so that a narrow right side would waste them. A sum over rows has
 * the same bits either way round.
 */
function isTurned(m: number, n: number): boolean {
  return n * wholeVectors(m) < m * wholeVectors(n);
}
