import { backend, type Tensor } from '@tensorflow/tfjs-core';
import { type WasmBackend, wholeHeap } from '../wasm/heap.ts';
import { newTensor, runDifferentiable } from './differentiable.ts';
import { pointerOf } from './runtime.ts';

/**
 * The mean over all elements of (prediction - target)^2, a scalar, of two tensors of one shape: one pass on the host over the wasm memory, with every number
 * rounded to float32 where tfjs's kernels round it, so that the bits are theirs.
 */
export function fusedMeanSquares(prediction: Tensor, target: Tensor): Tensor {
  const { size } = prediction;
  return runDifferentiable({
    inputs: { prediction, target },
    forward(backend, save) {
      save?.([prediction, target]);
      return scalarOf(backend, sumOfSquares(backend, prediction, target) / size);
    },
    backward(backend, dy, saved) {
      const p = saved[0] as Tensor;
      const t = saved[1] as Tensor;
      return { prediction: () => slope(backend, { dy, p, t, sign: 1 }), target: () => slope(backend, { dy, p, t, sign: -1 }) };
    },
  });
}

/** The sum of the same squares, a scalar. Not differentiated. */
export function fusedSumOfSquares(prediction: Tensor, target: Tensor): Tensor {
  const heap = backend() as unknown as WasmBackend;
  return scalarOf(heap, sumOfSquares(heap, prediction, target));
}

function sumOfSquares(backend: WasmBackend, prediction: Tensor, target: Tensor): number {
  const p = pointerOf(backend, prediction) / 4;
  const t = pointerOf(backend, target) / 4;
  const { floats } = wholeHeap(backend.wasm);
  let sum = 0;
  for (let at = 0; at < prediction.size; at++) {
    const difference = Math.fround((floats[p + at] as number) - (floats[t + at] as number));
    sum = Math.fround(sum + Math.fround(difference * difference));
  }
  return sum;
}

function scalarOf(backend: WasmBackend, value: number): Tensor {
  const scalar = newTensor(backend, []);
  const at = pointerOf(backend, scalar) / 4;
  wholeHeap(backend.wasm).floats[at] = value;
  return scalar;
}

/** dy / size * 2 (p - t), or its negative. */
function slope(
  backend: WasmBackend,
  { dy, p, t, sign }: { readonly dy: Tensor; readonly p: Tensor; readonly t: Tensor; readonly sign: 1 | -1 },
): Tensor {
  const dx = newTensor(backend, p.shape);
  const to = pointerOf(backend, dx) / 4;
  const from = pointerOf(backend, p) / 4;
  const away = pointerOf(backend, t) / 4;
  const over = pointerOf(backend, dy) / 4;
  const { floats } = wholeHeap(backend.wasm);
  const share = Math.fround((floats[over] as number) * Math.fround(1 / p.size));
  for (let at = 0; at < p.size; at++) {
    const doubled = Math.fround(2 * Math.fround((floats[from + at] as number) - (floats[away + at] as number)));
    floats[to + at] = sign * Math.fround(share * doubled);
  }
  return dx;
}
