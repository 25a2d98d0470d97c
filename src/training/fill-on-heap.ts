import { backend, engine, type Tensor, type TensorInfo, tensor } from '@tensorflow/tfjs-core';

/** The part of tfjs's wasm backend that makes a tensor whose values are not written yet. */
interface FillableBackend {
  makeOutput(shape: readonly number[], dtype: 'float32'): TensorInfo;
  typedArrayFromHeap(info: TensorInfo): Float32Array;
}

/**
 * Makes a float32 tensor whose values `fill` writes: on the wasm backend where they lie in its memory, without a copy; on others into an
 * array that is handed over. `fill` writes every value (they are not zeroed before) and makes no tensor.
 */
export function fillTensor(shape: readonly number[], fill: (values: Float32Array) => void): Tensor {
  const heap = backend();
  if (!isFillable(heap)) {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    fill(values);
    return tensor(values, [...shape], 'float32');
  }
  const info = heap.makeOutput(shape, 'float32');
  fill(heap.typedArrayFromHeap(info));
  return engine().makeTensorFromTensorInfo(info);
}

/** The cpu backend has a `makeOutput`, too, which is another. */
function isFillable(candidate: object): candidate is FillableBackend {
  return 'typedArrayFromHeap' in candidate && 'makeOutput' in candidate;
}
