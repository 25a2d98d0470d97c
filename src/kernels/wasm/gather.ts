import type { TensorInfo } from '@tensorflow/tfjs-core';
import { RootstockError } from '../../errors.ts';
import { floats, ints, type KernelCall, refuse, replaceKernel, runStock, sizeOf } from './heap.ts';

/** Rows at least this long are moved by one copyWithin; below it a loop is quicker (measured on V8 11). */
const LONG_ROW = 32;

/** Adds UnsortedSegmentSum (the gradient of gather, so of every embedding) and replaces GatherV2 of whole float32 rows. */
export function installGather(): void {
  replaceKernel('GatherV2', gather);
  replaceKernel('UnsortedSegmentSum', unsortedSegmentSum);
}

interface GatherAttributes {
  readonly axis: number;
  readonly batchDims: number;
}

/** x [R, ...], indices [...] -> [...indices, ...]. An index outside 0 .. R - 1 is an error. */
function gather({
  inputs,
  attrs,
  backend,
}: KernelCall<{ readonly x: TensorInfo; readonly indices: TensorInfo }, GatherAttributes>): TensorInfo {
  const { x, indices } = inputs;
  const [rows = 0, ...inner] = x.shape;
  if (attrs.axis !== 0 || attrs.batchDims !== 0 || x.dtype !== 'float32' || indices.dtype !== 'int32') {
    return runStock('GatherV2', { inputs: { x, indices }, attrs: { axis: attrs.axis, batchDims: attrs.batchDims }, backend });
  }
  const width = sizeOf(inner);
  const out = backend.makeOutput([...indices.shape, ...inner], 'float32');
  const from = floats(backend, x);
  const rowOf = ints(backend, indices);
  const to = floats(backend, out);
  const heap = new Float32Array(from.buffer);
  const fromBase = from.byteOffset / 4;
  const toBase = to.byteOffset / 4;
  for (let index = 0; index < rowOf.length; index++) {
    const row = rowOf[index] as number;
    if (row < 0 || row >= rows) throw indexOutOfRange(row, rows);
    const source = fromBase + row * width;
    const target = toBase + index * width;
    if (width >= LONG_ROW) heap.copyWithin(target, source, source + width);
    else for (let column = 0; column < width; column++) heap[target + column] = heap[source + column] as number;
  }
  return out;
}

type SegmentInputs = { readonly x: TensorInfo; readonly segmentIds: TensorInfo };

/** x [N, ...], segmentIds [N] -> [numSegments, ...]: rows of one id are added in row order; ids outside 0 .. numSegments - 1 are dropped. */
function unsortedSegmentSum({ inputs, attrs, backend }: KernelCall<SegmentInputs, { readonly numSegments: number }>): TensorInfo {
  const { x, segmentIds } = inputs;
  const { numSegments } = attrs;
  if (segmentIds.shape.length !== 1) return refuse('UnsortedSegmentSum', `segment ids of rank ${segmentIds.shape.length}`);
  if (x.dtype !== 'float32' && x.dtype !== 'int32') return refuse('UnsortedSegmentSum', `${x.dtype} values`);
  const inner = x.shape.slice(1);
  const width = sizeOf(inner);
  const out = backend.makeOutput([numSegments, ...inner], x.dtype);
  const from = backend.typedArrayFromHeap(x);
  const idOf = ints(backend, segmentIds);
  const to = backend.typedArrayFromHeap(out);
  to.fill(0);
  for (let index = 0; index < idOf.length; index++) {
    const id = idOf[index] as number;
    if (id < 0 || id >= numSegments) continue;
    const source = index * width;
    const target = id * width;
    for (let column = 0; column < width; column++)
      to[target + column] = (to[target + column] as number) + (from[source + column] as number);
  }
  return out;
}

function indexOutOfRange(row: number, rows: number): RootstockError {
  return new RootstockError('INTERNAL', `gather: index ${row} is outside 0 .. ${rows - 1}.`, { index: row, rows });
}
