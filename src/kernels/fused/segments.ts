import { registerGradient, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import { RootstockError } from '../../errors.ts';
import { type KernelCall, replaceKernel, type WasmBackend } from '../wasm/heap.ts';
import { activeBackend, toTensor } from './products.ts';
import { callKernel } from './runtime.ts';

/** Which of n rows each of E entries belongs to: `Segments` of src/ops/segments.ts, as an attribute of kernels. */
export interface SegmentTensors {
  readonly index: TensorInfo;
  readonly count: number;
  readonly offsets: TensorInfo;
  readonly order: TensorInfo | null;
}

/** Kernel names: rows by segment; sums of rows by segment; sums of gated rows. */
export const FUSED_GATHER = 'RootstockGather';
export const FUSED_SEGMENT_SUM = 'RootstockSegmentSum';
export const FUSED_GATED_SEGMENT_SUM = 'RootstockGatedSegmentSum';

interface SegmentAttributes {
  readonly segments: SegmentTensors;
}

/** Registers the operations on segments and their gradients. Rows of one segment are added up in the order of the entries. */
export function installSegments(): void {
  replaceKernel(FUSED_GATHER, ({ inputs: { x }, attrs, backend }: KernelCall<{ readonly x: TensorInfo }, SegmentAttributes>) =>
    gatherRows(backend, x, attrs.segments),
  );
  replaceKernel(FUSED_SEGMENT_SUM, ({ inputs: { x }, attrs, backend }: KernelCall<{ readonly x: TensorInfo }, SegmentAttributes>) =>
    sumSegments(backend, x, attrs.segments),
  );
  replaceKernel(FUSED_GATED_SEGMENT_SUM, gatedSegmentSum);
  registerGradient({
    kernelName: FUSED_GATHER,
    gradFunc: (dy, _saved, attrs) => ({ x: () => toTensor(sumSegments(activeBackend(), dy as Tensor, segmentsIn(attrs))) }),
  });
  registerGradient({
    kernelName: FUSED_SEGMENT_SUM,
    gradFunc: (dy, _saved, attrs) => ({ x: () => toTensor(gatherRows(activeBackend(), dy as Tensor, segmentsIn(attrs))) }),
  });
  registerGradient({
    kernelName: FUSED_GATED_SEGMENT_SUM,
    inputsToSave: ['x', 'gate'],
    gradFunc: (dy, saved, attrs) => gatedGradient(dy as Tensor, saved, segmentsIn(attrs)),
  });
}

/** Sums of the rows of x [E, C]: [n, C]. */
export function sumSegments(backend: WasmBackend, x: TensorInfo, { count, offsets, order }: SegmentTensors): TensorInfo {
  const [, columns = 0] = x.shape;
  const out = backend.makeOutput([count, columns], 'float32');
  callKernel(backend, 'segmentSum', count, columns, x, offsets, order, out, columns);
  return out;
}

/** Throws when an index was outside 0 .. rows - 1, which means that a batch was built wrongly. */
export function checkIndexes(name: string, status: number, rows: number): void {
  if (status !== 0) throw new RootstockError('INTERNAL', `${name}: an index is outside 0 .. ${rows - 1}.`, { rows });
}

/** Rows of x [n, C]: [E, C]. */
function gatherRows(backend: WasmBackend, x: TensorInfo, { index }: SegmentTensors): TensorInfo {
  const [rows = 0, columns = 0] = x.shape;
  const [entries = 0] = index.shape;
  const out = backend.makeOutput([entries, columns], 'float32');
  checkIndexes('gather', callKernel(backend, 'gatherRows', entries, rows, columns, x, index, out), rows);
  return out;
}

type GatedInputs = { readonly x: TensorInfo; readonly gate: TensorInfo };

function gatedSegmentSum({ inputs: { x, gate }, attrs, backend }: KernelCall<GatedInputs, SegmentAttributes>): TensorInfo {
  const { count, offsets, order } = attrs.segments;
  const [, columns = 0] = x.shape;
  const out = backend.makeOutput([count, columns], 'float32');
  callKernel(backend, 'gatedSegmentSum', count, columns, x, gate, offsets, order, out);
  return out;
}

function gatedGradient(dy: Tensor, saved: readonly Tensor[], { index }: SegmentTensors) {
  const backend = activeBackend();
  const [x, gate] = saved as [Tensor, Tensor];
  const [entries = 0, columns = 0] = x.shape;
  return {
    x: () => {
      const dx = backend.makeOutput(x.shape, 'float32');
      callKernel(backend, 'gatedRows', entries, columns, gate, dy, index, dx);
      return toTensor(dx);
    },
    gate: () => {
      const dgate = backend.makeOutput(gate.shape, 'float32');
      callKernel(backend, 'rowProducts', entries, columns, x, dy, index, dgate);
      return toTensor(dgate);
    },
  };
}

function segmentsIn(attrs: unknown): SegmentTensors {
  return (attrs as SegmentAttributes).segments;
}
