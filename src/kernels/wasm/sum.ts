import type { TensorInfo } from '@tensorflow/tfjs-core';
import { floats, type KernelCall, replaceKernel, runStock, sizeOf } from './heap.ts';

interface SumAttributes {
  /** Null means all axes. */
  readonly axis: number | readonly number[] | null;
  readonly keepDims: boolean;
}

/**
 * Replaces Sum over leading axes, the gradient of every bias: tfjs transposes the whole tensor first. And Sum of a tensor without elements
 * (a batch of molecules without an edge), where tfjs 4.22 leaves what was in the memory.
 */
export function installSum(): void {
  replaceKernel('Sum', sum);
}

function sum({ inputs: { x }, attrs, backend }: KernelCall<{ readonly x: TensorInfo }, SumAttributes>): TensorInfo {
  const rank = x.shape.length;
  const listed = typeof attrs.axis === 'number' ? [attrs.axis] : (attrs.axis ?? x.shape.map((_, axis) => axis));
  const axes = listed.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  if (sizeOf(x.shape) === 0) return sumOfNothing({ x, axes, keepDims: attrs.keepDims, backend });
  const leading = axes.length > 0 && axes.length < rank && axes.every((axis, position) => axis === position);
  if (!leading || x.dtype !== 'float32') {
    return runStock('Sum', { inputs: { x }, attrs: { axis: [...listed], keepDims: attrs.keepDims }, backend });
  }
  const kept = x.shape.slice(axes.length);
  const out = backend.makeOutput(attrs.keepDims ? [...axes.map(() => 1), ...kept] : kept, 'float32');
  addRows(floats(backend, x), floats(backend, out));
  return out;
}

function sumOfNothing({
  x,
  axes,
  keepDims,
  backend,
}: Pick<KernelCall<unknown, unknown>, 'backend'> & {
  readonly x: TensorInfo;
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}): TensorInfo {
  const shape = keepDims
    ? x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length))
    : x.shape.filter((_, axis) => !axes.includes(axis));
  const out = backend.makeOutput(shape, x.dtype === 'int32' ? 'int32' : 'float32');
  backend.typedArrayFromHeap(out).fill(0);
  return out;
}

/** Adds the rows of `values` [R, width] into `totals` [width], in double precision, four rows at a time. */
function addRows(values: Float32Array, totals: Float32Array): void {
  const width = totals.length;
  const sums = new Float64Array(width);
  const block = 4 * width;
  const whole = values.length - (values.length % block);
  for (let start = 0; start < whole; start += block) {
    for (let column = 0; column < width; column++) {
      const first = start + column;
      const upper = (values[first] as number) + (values[first + width] as number);
      const lower = (values[first + 2 * width] as number) + (values[first + 3 * width] as number);
      sums[column] = (sums[column] as number) + (upper + lower);
    }
  }
  for (let start = whole; start < values.length; start += width) {
    for (let column = 0; column < width; column++) sums[column] = (sums[column] as number) + (values[start + column] as number);
  }
  totals.set(sums);
}
