import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { newTensor, runDifferentiable } from './differentiable.ts';
import type { FusedLayer } from './edge-products.ts';
import { matrixOf, multiply, multiplyTransposed, rowOf, transposed } from './products.ts';
import { pointerOf } from './runtime.ts';
import { gatherRows, type SegmentTensors, sumSegments, writeSizes } from './segments.ts';

/**
 * The sum of W x + b over the rows of each segment: x [E, I] -> [n, O]. It is linear, so the layer is applied to the sums: W (sum of x) + b (number of
 * rows), a product per segment instead of one per row.
 */
export function fusedSegmentSumLinear(x: Tensor, { weight, bias }: Omit<FusedLayer, 'activation'>, segments: SegmentTensors): Tensor {
  const { count } = segments;
  const [outputs = 0, inputs = 0] = weight.shape;
  return runDifferentiable({
    inputs: { x, weight, bias },
    forward(backend, save) {
      const sums = sumSegments(backend, x, segments);
      const sizes = sizesOf(backend, segments);
      const out = newTensor(backend, [count, outputs]);
      multiply(backend, sums, transposed(matrixOf(backend, weight)), { to: out });
      if (bias !== null) multiply(backend, sizes, rowOf(backend, bias), { to: out, add: true });
      save?.([sums, sizes, weight]);
      return out;
    },
    backward(backend, dy, saved) {
      const [sums, sizes, weight] = saved as [Tensor, Tensor, Tensor];
      return {
        x: () => {
          const perSegment = newTensor(backend, [count, inputs]);
          multiply(backend, dy, matrixOf(backend, weight), { to: perSegment });
          return gatherRows(backend, perSegment, segments);
        },
        weight: () => {
          const dw = newTensor(backend, [outputs, inputs]);
          multiplyTransposed(backend, dy, sums, { pointer: pointerOf(backend, dw), stride: inputs });
          return dw;
        },
        bias: () => {
          const db = newTensor(backend, [outputs]);
          multiplyTransposed(backend, dy, sizes, { pointer: pointerOf(backend, db), stride: 1 });
          return db;
        },
      };
    },
  });
}

/** Rows of each segment: [n, 1] float32. */
function sizesOf(backend: WasmBackend, segments: SegmentTensors): Tensor {
  const sizes = newTensor(backend, [segments.count, 1]);
  writeSizes(backend, segments, pointerOf(backend, sizes));
  return sizes;
}
