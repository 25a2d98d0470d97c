import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { newTensor } from './differentiable.ts';
import { callKernel, pointerOf, scratchAreas, scratchFloats, wholeVectors } from './runtime.ts';
import { CHUNK_ROWS, type MatrixPlace, paddedFloats, weightSums, weightSumsFloats } from './weight-sums.ts';

/** A matrix [depth, columns] in memory: strides count floats. */
export interface Matrix {
  readonly pointer: number;
  readonly depth: number;
  readonly columns: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** A tensor [R, C] as a matrix. */
export function matrixOf(backend: WasmBackend, tensor: Tensor): Matrix {
  const [rows = 0, columns = 0] = tensor.shape;
  return { pointer: pointerOf(backend, tensor), depth: rows, columns, rowStride: columns, columnStride: 1 };
}

/** A tensor [C] as a matrix [1, C]. */
export function rowOf(backend: WasmBackend, tensor: Tensor): Matrix {
  return { pointer: pointerOf(backend, tensor), depth: 1, columns: tensor.size, rowStride: tensor.size, columnStride: 1 };
}

/** The same matrix the other way round. */
export function transposed({ pointer, depth, columns, rowStride, columnStride }: Matrix): Matrix {
  return { pointer, depth: columns, columns: depth, rowStride: columnStride, columnStride: rowStride };
}

/** Copies a matrix, and a bias [columns], into working memory in the order in which products read them; valid until the next one. */
export function packMatrix(backend: WasmBackend, matrix: Matrix, bias: Tensor | null): number {
  const { pointer, depth, columns, rowStride, columnStride } = matrix;
  const packed = scratchFloats(backend, (depth + 1) * wholeVectors(columns));
  callKernel(backend, 'pack', depth, columns, pointer, rowStride, columnStride, bias, packed);
  return packed;
}

/** Computes a [rows, depth] . matrix into `to` [rows, columns], or adds that to it. */
export function multiply(
  backend: WasmBackend,
  a: Tensor,
  matrix: Matrix,
  result: { readonly to: Tensor; readonly stride?: number; readonly bias?: Tensor | null; readonly add?: boolean },
): void {
  const { to, stride = matrix.columns, bias = null, add = false } = result;
  const packed = packMatrix(backend, matrix, bias);
  const [rows = 0] = a.shape;
  callKernel(backend, 'multiply', rows, matrix.columns, matrix.depth, a, matrix.depth, packed, to, stride, add ? 1 : 0);
}

/** Computes left [rows, M]^T . right [rows, N] (or [rows]: N = 1), the gradient of a weight, into memory at `pointer`, rows `stride` floats apart. */
export function multiplyTransposed(backend: WasmBackend, left: Tensor, right: Tensor, to: MatrixPlace): void {
  const [rows = 0, m = 0] = left.shape;
  const [, n = 1] = right.shape;
  const [memory = 0, padded = 0] = scratchAreas(backend, [weightSumsFloats(m, n), paddedFloats(m, n)]);
  const sums = weightSums(backend, [m, n], { memory, padded });
  const [leftStart, rightStart] = [pointerOf(backend, left), pointerOf(backend, right)];
  for (let row = 0; row < rows; row += CHUNK_ROWS) {
    sums.add(Math.min(CHUNK_ROWS, rows - row), leftStart + 4 * m * row, rightStart + 4 * n * row);
  }
  sums.copyTo(to);
}

/** The sum of the rows of x [rows, N]: [N], the gradient of a bias. */
export function sumRows(backend: WasmBackend, x: Tensor): Tensor {
  const [rows = 0, n = 0] = x.shape;
  const out = newTensor(backend, [n]);
  callKernel(backend, 'columnSum', rows, n, x, n, out);
  return out;
}
