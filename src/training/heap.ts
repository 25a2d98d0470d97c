import { backend, engine, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import { wholeHeap } from '../kernels/wasm/heap.ts';

/** The part of tfjs's wasm backend that gives access to its memory. */
export interface HeapBackend {
  /** A tensor's place; its memory is not zeroed unless `values` are copied there. */
  makeOutput(
    shape: readonly number[],
    dtype: 'float32' | 'int32',
    memoryOffset?: undefined,
    values?: Float32Array | Int32Array,
  ): TensorInfo;
  typedArrayFromHeap(info: TensorInfo): Float32Array;
  /** In bytes; may be negative above 2 GiB. */
  getMemoryOffset(dataId: object): number;
  readonly wasm: { readonly HEAPU8: Uint8Array };
}

/**
 * Largest tensor for which a scalar loop beats composed operations: 14x faster at 64 elements and 1.8x at 4,096 for Adam, equal near
 * 16,000, 1.5-2x slower at a million, where the SIMD kernels win over the saved dispatches (2-core EPYC, Node 20). Part of what
 * decides bits, so changing it is a change of numerics.
 */
const MAX_ELEMENTS = 8192;

/** The memory of the wasm backend as float32 numbers, and tensors of one size in it: a tensor is where it begins. */
export interface HeapArrays {
  readonly memory: Float32Array;
  readonly inputs: readonly number[];
  /** Not zeroed. */
  readonly outputs: readonly number[];
  /** Elements of each. */
  readonly size: number;
}

/** Whether loops on the wasm backend's memory take tensors of such a size. */
export function fitsHeapLoop({ size }: Tensor): boolean {
  return size <= MAX_ELEMENTS && wasmHeap() !== undefined;
}

/**
 * Runs one loop over float32 tensors where they lie in the wasm backend's memory, without a kernel dispatch per operation. The loop fills every element
 * of as many outputs as `outputs` says, of the first input's shape: of the tensors given there, or of new ones where it has undefined. Undefined when the
 * active backend has no such memory or the tensors are so large that composed tfjs operations are faster (then compose them). All have equal element
 * counts. An input may be an output, too, when nobody reads it afterwards and XNNPACK has never packed it (it caches packed weights by tensor, so that it
 * would go on with old values, without an error): the loop reads an element before it writes it.
 */
export function mapOnHeap(
  inputs: readonly Tensor[],
  outputs: readonly (Tensor | undefined)[],
  loop: (arrays: HeapArrays) => void,
): readonly Tensor[] | undefined {
  const heap = wasmHeap();
  const first = inputs[0];
  if (heap === undefined || first === undefined || first.size > MAX_ELEMENTS) return undefined;
  const results: Tensor[] = [];
  for (const output of outputs) results.push(output ?? engine().makeTensorFromTensorInfo(heap.makeOutput(first.shape, 'float32')));
  const beginsIn = beginsOf(heap, inputs);
  const beginsOut = beginsOf(heap, results);
  // The memory comes last: allocating may grow it, and so may bringing data here that another backend holds.
  loop({ memory: wholeHeap(heap.wasm).floats, inputs: beginsIn, outputs: beginsOut, size: first.size });
  return results;
}

function beginsOf(heap: HeapBackend, tensors: readonly Tensor[]): readonly number[] {
  const begins: number[] = [];
  for (const tensor of tensors) begins.push(beginOf(heap, tensor));
  return begins;
}

function beginOf(heap: HeapBackend, { dataId }: Tensor): number {
  return (heap.getMemoryOffset(dataId) >>> 0) / 4;
}

/** A view of a float32 tensor in the wasm backend's memory, or undefined on other backends. Read it at once: the next allocation may detach it. */
export function viewOnHeap(tensor: Tensor): Float32Array | undefined {
  const heap = wasmHeap();
  // Brings data here that another backend holds, before the view is taken.
  heap?.getMemoryOffset(tensor.dataId);
  return heap?.typedArrayFromHeap(tensor);
}

/** The value of a float32 scalar in the wasm backend's memory; undefined for other types, and on other backends. */
export function scalarOnHeap(scalar: Tensor): number | undefined {
  const heap = wasmHeap();
  if (heap === undefined || scalar.dtype !== 'float32') return undefined;
  // Brings it here when another backend holds it, before the memory is looked at.
  const begin = beginOf(heap, scalar);
  return wholeHeap(heap.wasm).floats[begin];
}

/** The active backend where it is tfjs's wasm one, else undefined. The cpu backend has a `makeOutput`, too, which is another. */
export function wasmHeap(): HeapBackend | undefined {
  const candidate: object = backend();
  if (candidate === knownHeap) return knownHeap;
  if (!hasHeap(candidate)) return undefined;
  knownHeap = candidate;
  return candidate;
}

/** The one that was found last: it is asked for several times in each update. */
let knownHeap: HeapBackend | undefined;

function hasHeap(candidate: object): candidate is HeapBackend {
  return 'typedArrayFromHeap' in candidate && 'makeOutput' in candidate && 'getMemoryOffset' in candidate;
}
