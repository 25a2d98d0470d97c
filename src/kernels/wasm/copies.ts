import { backend_util, slice_util, type TensorInfo } from '@tensorflow/tfjs-core';
import { floats, type KernelCall, replaceKernel, runStock, sizeOf, type WasmBackend } from './heap.ts';

/** Runs at least this long are moved by one copyWithin; below it a loop is quicker (measured on V8 11). */
const LONG_RUN = 32;

/** Replaces Slice and SplitV, which copy the whole input out of the heap first, and Concat, which makes a view per row; float32 only. */
export function installCopies(): void {
  replaceKernel('Slice', slice);
  replaceKernel('SplitV', splitV);
  replaceKernel('Concat', concat);
}

interface SliceAttributes {
  readonly begin: number | number[];
  readonly size: number | number[];
}

function slice({ inputs: { x }, attrs, backend }: KernelCall<{ readonly x: TensorInfo }, SliceAttributes>): TensorInfo {
  const { begin, size } = attrs;
  if (x.dtype !== 'float32' || x.shape.length === 0) return runStock('Slice', { inputs: { x }, attrs: { begin, size }, backend });
  const [starts = [], lengths = []] = slice_util.parseSliceParams(x, begin, size);
  slice_util.assertParamsValid(x, starts, lengths);
  return sliceFloats(backend, x, { starts, lengths });
}

interface SplitAttributes {
  readonly numOrSizeSplits: number[] | number;
  readonly axis: number;
}

function splitV({ inputs: { x }, attrs, backend }: KernelCall<{ readonly x: TensorInfo }, SplitAttributes>): TensorInfo[] {
  const axis = attrs.axis < 0 ? attrs.axis + x.shape.length : attrs.axis;
  const sizes = backend_util.prepareSplitSize(x, attrs.numOrSizeSplits, axis);
  let position = 0;
  return sizes.map((length) => {
    const starts = x.shape.map((_, index) => (index === axis ? position : 0));
    const lengths = x.shape.map((full, index) => (index === axis ? length : full));
    position += length;
    return slice({ inputs: { x }, attrs: { begin: starts, size: lengths }, backend });
  });
}

function concat({ inputs, attrs, backend }: KernelCall<readonly TensorInfo[], { readonly axis: number }>): TensorInfo {
  const parts = inputs.filter((part) => sizeOf(part.shape) > 0);
  const [first] = parts;
  if (first === undefined || parts.length < 2 || parts.some(({ dtype }) => dtype !== 'float32')) {
    // tfjs passes a list here where the type says a record.
    return runStock('Concat', { inputs: inputs as unknown as Record<string, TensorInfo>, attrs: { axis: attrs.axis }, backend });
  }
  const axis = attrs.axis < 0 ? attrs.axis + first.shape.length : attrs.axis;
  const shapes = parts.map(({ shape }) => shape);
  backend_util.assertParamsConsistent(shapes, axis);
  const out = backend.makeOutput(backend_util.computeOutShape(shapes, axis), 'float32');
  const to = floats(backend, out);
  const strides = stridesOf(out.shape);
  let start = 0;
  for (const part of parts) {
    const from = floats(backend, part);
    copyBlock({ from, fromStart: 0, fromStrides: stridesOf(part.shape), to, toStart: start, toStrides: strides, lengths: part.shape });
    start += (part.shape[axis] ?? 0) * (strides[axis] ?? 1);
  }
  return out;
}

function sliceFloats(
  backend: WasmBackend,
  x: TensorInfo,
  { starts, lengths }: { readonly starts: readonly number[]; readonly lengths: readonly number[] },
): TensorInfo {
  const out = backend.makeOutput(lengths, 'float32');
  const fromStrides = stridesOf(x.shape);
  const fromStart = starts.reduce((offset, start, axis) => offset + start * (fromStrides[axis] ?? 1), 0);
  const from = floats(backend, x);
  const to = floats(backend, out);
  copyBlock({ from, fromStart, fromStrides, to, toStart: 0, toStrides: stridesOf(lengths), lengths });
  return out;
}

interface BlockCopy {
  readonly from: Float32Array;
  readonly fromStart: number;
  readonly fromStrides: readonly number[];
  readonly to: Float32Array;
  readonly toStart: number;
  readonly toStrides: readonly number[];
  /** Lengths of the block, one per axis. */
  readonly lengths: readonly number[];
}

/** Copies a block between two row-major arrays on one heap, in runs as long as both sides are contiguous. */
function copyBlock({ from, fromStart, fromStrides, to, toStart, toStrides, lengths }: BlockCopy): void {
  if (sizeOf(lengths) === 0) return;
  let outer = lengths.length;
  let run = 1;
  while (outer > 0 && fromStrides[outer - 1] === run && toStrides[outer - 1] === run) {
    run *= lengths[outer - 1] ?? 1;
    outer -= 1;
  }
  const heap = new Float32Array(from.buffer);
  const fromBase = from.byteOffset / 4;
  const toBase = to.byteOffset / 4;
  const position = Array.from({ length: outer }, () => 0);
  let source = fromBase + fromStart;
  let target = toBase + toStart;
  for (;;) {
    if (run >= LONG_RUN) heap.copyWithin(target, source, source + run);
    else for (let index = 0; index < run; index++) heap[target + index] = heap[source + index] as number;
    let axis = outer - 1;
    // Counts up like an odometer; both offsets move along.
    for (; axis >= 0; axis--) {
      source += fromStrides[axis] as number;
      target += toStrides[axis] as number;
      position[axis] = (position[axis] as number) + 1;
      if ((position[axis] as number) < (lengths[axis] as number)) break;
      source -= (lengths[axis] as number) * (fromStrides[axis] as number);
      target -= (lengths[axis] as number) * (toStrides[axis] as number);
      position[axis] = 0;
    }
    if (axis < 0) return;
  }
}

function stridesOf(shape: readonly number[]): readonly number[] {
  const strides = [...shape];
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] ?? 1;
  }
  return strides;
}
