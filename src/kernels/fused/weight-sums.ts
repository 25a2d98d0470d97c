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
  sizes: readonly [number, number],
  { memory, padded }: { readonly memory: number; readonly padded: number },
): WeightSums {
  clearWeightSums(backend, sizes, memory);
  return {
    add: (count, left, right) => addWeightProducts(backend, sizes, { count, left, right, memory, padded }),
    copyTo: (place) => copyWeightSums(backend, sizes, memory, place),
  };
}

/** Starts sums of left^T . right [M, N] at 0. */
export function clearWeightSums(backend: WasmBackend, [m, n]: readonly [number, number], memory: number): void {
  kernelsOf(backend).clear(weightSumsFloats(m, n), memory);
}

/** A chunk of at most CHUNK_ROWS rows, left [count, M] and right [count, N], and memory: byte offsets. */
export interface WeightProducts {
  readonly count: number;
  readonly left: number;
  readonly right: number;
  readonly memory: number;
  readonly padded: number;
}

/** Adds a chunk's left^T . right to the sums in `memory`. */
export function addWeightProducts(
  backend: WasmBackend,
  [m, n]: readonly [number, number],
  { count, left, right, memory, padded }: WeightProducts,
): void {
  const { addTransposedProducts } = kernelsOf(backend);
  if (isTurned(m, n)) addTransposedProducts(count, n, m, right, n, left, m, memory, padded);
  else addTransposedProducts(count, m, n, left, m, right, n, memory, padded);
}

/** Copies the sums from `memory` to where a matrix lies. */
export function copyWeightSums(
  backend: WasmBackend,
  [m, n]: readonly [number, number],
  memory: number,
  { pointer, stride }: MatrixPlace,
): void {
  const { copyColumns, copyTransposed } = kernelsOf(backend);
  if (isTurned(m, n)) copyTransposed(m, n, memory, wholeVectors(m), pointer, stride);
  else copyColumns(m, n, memory, wholeVectors(n), pointer, stride);
}

/**
 * Whether right^T . left is computed instead: columns are taken four at a time, so that a narrow right side would waste them. A sum over rows has
 * the same bits either way round.
 */
function isTurned(m: number, n: number): boolean {
  return n * wholeVectors(m) < m * wholeVectors(n);
}
