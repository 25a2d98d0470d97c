import type { Tensor } from '@tensorflow/tfjs-core';
import { scalarOnHeap, viewOnHeap } from './heap.ts';

/** The values of a float32 tensor, a copy: at once where they lie in the wasm backend's memory, which has computed them; else when the device has them. */
export function readValues(tensor: Tensor): Float32Array | Promise<Float32Array> {
  const view = viewOnHeap(tensor);
  return view === undefined ? tensor.data().then((values) => new Float32Array(values)) : new Float32Array(view);
}

/** The value of a scalar, float32 as well. */
export function readScalar(tensor: Tensor): number | Promise<number> {
  return scalarOnHeap(tensor) ?? tensor.data().then(([value]) => value ?? Number.NaN);
}
