import { engine, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { wasmHeap } from './heap.ts';

/**
 * Makes a float32 tensor whose values `fill` writes: on the wasm backend where they lie in its memory, without a copy; on others into an
 * array that is handed over. `fill` writes every value (they are not zeroed before) and makes no tensor.
 */
export function fillTensor(shape: readonly number[], fill: (values: Float32Array) => void): Tensor {
  const heap = wasmHeap();
  if (heap === undefined) {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    fill(values);
    return tensor(values, [...shape], 'float32');
  }
  const info = heap.makeOutput(shape, 'float32');
  fill(heap.typedArrayFromHeap(info));
  return engine().makeTensorFromTensorInfo(info);
}

/** Copies values to the device: float32 or int32, as the array is. */
export function copyToDevice(values: Float32Array | Int32Array, shape: readonly number[]): Tensor {
  const heap = wasmHeap();
  const dtype = values instanceof Int32Array ? 'int32' : 'float32';
  // tensor() ends in the same copy, after checks that take longer than it.
  if (heap === undefined) return tensor(values, [...shape], dtype);
  return engine().makeTensorFromTensorInfo(heap.makeOutput(shape, dtype, undefined, values));
}
