import { backend, engine, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';

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
  getMemoryOffset(dataId: object): number;
}

/**
 * Largest tensor for which a scalar loop beats composed operations: 14x faster at 64 elements and 1.8x at 4,096 for Adam, equal near
 * 16,000, 1.5-2x slower at a million, where the SIMD kernels win over the saved dispatches (2-core EPYC, Node 20). Part of what
 * decides bits, so changing it is a change of numerics.
 */
const MAX_ELEMENTS = 8192;

/** Elementwise work on views of the wasm heap: reads `inputs`, fills every element of `outputs` (not zeroed before). */
export type HeapLoop = (inputs: readonly Float32Array[], outputs: readonly Float32Array[]) => void;

/**
 * Runs one loop over float32 tensors where they lie in the wasm backend's memory, without a kernel dispatch per operation.
 * Returns `outputCount` new tensors of the first input's shape, or undefined when the active backend has no such memory or the
 * tensors are so large that composed tfjs operations are faster (then compose them). All inputs have equal element counts. Inputs are only read: XNNPACK caches packed weights
 * by tensor, so writing into one in place would train wrongly without an error.
 */
export function mapOnHeap(inputs: readonly Tensor[], outputCount: number, loop: HeapLoop): readonly Tensor[] | undefined {
  const heap = wasmHeap();
  const [first] = inputs;
  if (heap === undefined || first === undefined || first.size > MAX_ELEMENTS) return undefined;
  // Brings data here that another backend holds, before anything below takes a view.
  for (const { dataId } of inputs) heap.getMemoryOffset(dataId);
  const outputs: TensorInfo[] = [];
  for (let at = 0; at < outputCount; at++) outputs.push(heap.makeOutput(first.shape, 'float32'));
  // Views come last: allocating may grow the memory, which detaches every older view.
  loop(
    inputs.map((tensor) => heap.typedArrayFromHeap(tensor)),
    outputs.map((info) => heap.typedArrayFromHeap(info)),
  );
  return outputs.map((info) => engine().makeTensorFromTensorInfo(info));
}

/** A view of a float32 tensor in the wasm backend's memory, or undefined on other backends. Read it at once: the next allocation may detach it. */
export function viewOnHeap(tensor: Tensor): Float32Array | undefined {
  const heap = wasmHeap();
  // Brings data here that another backend holds, before the view is taken.
  heap?.getMemoryOffset(tensor.dataId);
  return heap?.typedArrayFromHeap(tensor);
}

/** The active backend where it is tfjs's wasm one, else undefined. The cpu backend has a `makeOutput`, too, which is another. */
export function wasmHeap(): HeapBackend | undefined {
  const candidate = backend();
  return hasHeap(candidate) ? candidate : undefined;
}

function hasHeap(candidate: object): candidate is HeapBackend {
  return 'typedArrayFromHeap' in candidate && 'makeOutput' in candidate && 'getMemoryOffset' in candidate;
}
