import type { Tensor } from '@tensorflow/tfjs-core';
import { RootstockError } from '../../errors.ts';
import { type WasmBackend, wholeHeap } from '../wasm/heap.ts';
import { newTensor, runDifferentiable } from './differentiable.ts';
import { callKernel, pointerOf } from './runtime.ts';

/** Which of n rows each of E entries belongs to: `Segments` of src/ops/segments.ts. */
export interface SegmentTensors {
  readonly index: Tensor;
  readonly count: number;
  readonly offsets: Tensor;
  readonly order: Tensor | null;
}

/** Rows of x [n, C] by segment: [E, C]. An index outside 0 .. n - 1 is an error. */
export function fusedGather(x: Tensor, segments: SegmentTensors): Tensor {
  return runDifferentiable({
    inputs: { x },
    forward: (backend) => gatherRows(backend, x, segments),
    backward: (backend, dy) => ({ x: () => sumSegments(backend, dy, segments) }),
  });
}

/** Sums of the rows of x [E, C] by segment: [n, C]. Rows of one segment are added up in the order of the entries. */
export function fusedSegmentSum(x: Tensor, segments: SegmentTensors): Tensor {
  return runDifferentiable({
    inputs: { x },
    forward: (backend) => sumSegments(backend, x, segments),
    backward: (backend, dy) => ({ x: () => gatherRows(backend, dy, segments) }),
  });
}

/** Sums of gate [E, 1] * x [E, C] by segment: [n, C]. */
export function fusedGatedSegmentSum(x: Tensor, gate: Tensor, { index, count, offsets, order }: SegmentTensors): Tensor {
  const [entries = 0, columns = 0] = x.shape;
  return runDifferentiable({
    inputs: { x, gate },
    forward(backend, save) {
      const out = newTensor(backend, [count, columns]);
      callKernel(backend, 'gatedSegmentSum', count, columns, x, gate, offsets, order, out);
      save?.([x, gate]);
      return out;
    },
    backward(backend, dy, saved) {
      const [x, gate] = saved as [Tensor, Tensor];
      return {
        x: () => {
          const dx = newTensor(backend, x.shape);
          callKernel(backend, 'gatedRows', entries, columns, gate, dy, index, dx);
          return dx;
        },
        gate: () => {
          const dgate = newTensor(backend, gate.shape);
          callKernel(backend, 'rowProducts', entries, columns, x, dy, index, dgate);
          return dgate;
        },
      };
    },
  });
}

/** See fusedSegmentSum; without a gradient. */
export function sumSegments(backend: WasmBackend, x: Tensor, { count, offsets, order }: SegmentTensors): Tensor {
  const [, columns = 0] = x.shape;
  const out = newTensor(backend, [count, columns]);
  callKernel(backend, 'segmentSum', count, columns, x, offsets, order, out, columns);
  return out;
}

/** Writes how many rows each of `count` segments has to where a pointer leads, as floats. */
export function writeSizes(backend: WasmBackend, { count, offsets }: Pick<SegmentTensors, 'count' | 'offsets'>, pointer: number): void {
  const from = pointerOf(backend, offsets) / 4;
  const to = pointer / 4;
  const { floats, ints } = wholeHeap(backend.wasm);
  for (let segment = 0; segment < count; segment++)
    floats[to + segment] = (ints[from + segment + 1] as number) - (ints[from + segment] as number);
}

/** Throws when an index was outside 0 .. rows - 1, which means that a batch was built wrongly. */
export function checkIndexes(name: string, status: number, rows: number): void {
  if (status !== 0) throw new RootstockError('INTERNAL', `${name}: an index is outside 0 .. ${rows - 1}.`, { rows });
}

/** See fusedGather; without a gradient. */
export function gatherRows(backend: WasmBackend, x: Tensor, { index }: SegmentTensors): Tensor {
  const [rows = 0, columns = 0] = x.shape;
  const [entries = 0] = index.shape;
  const out = newTensor(backend, [entries, columns]);
  checkIndexes('gather', callKernel(backend, 'gatherRows', entries, rows, columns, x, index, out), rows);
  return out;
}
