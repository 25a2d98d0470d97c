import { backend, type Tensor } from '@tensorflow/tfjs-core';
import { floats, type WasmBackend } from '../wasm/heap.ts';
import { newTensor, runDifferentiable } from './differentiable.ts';

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
  const p = floats(backend, prediction);
  const t = floats(backend, target);
  let sum = 0;
  for (let at = 0; at < p.length; at++) {
    const difference = Math.fround((p[at] as number) - (t[at] as number));
    sum = Math.fround(sum + Math.fround(difference * difference));
  }
  return sum;
}

function scalarOf(backend: WasmBackend, value: number): Tensor {
  const scalar = newTensor(backend, []);
  floats(backend, scalar)[0] = value;
  return scalar;
}

/** dy / size * 2 (p - t), or its negative. */
function slope(
  backend: WasmBackend,
  { dy, p, t, sign }: { readonly dy: Tensor; readonly p: Tensor; readonly t: Tensor; readonly sign: 1 | -1 },
): Tensor {
  const dx = newTensor(backend, p.shape);
  const to = floats(backend, dx);
  const from = floats(backend, p);
  const away = floats(backend, t);
  const share = Math.fround((floats(backend, dy)[0] as number) * Math.fround(1 / p.size));
  for (let at = 0; at < to.length; at++) {
    const doubled = Math.fround(2 * Math.fround((from[at] as number) - (away[at] as number)));
    to[at] = sign * Math.fround(share * doubled);
  }
  return dx;
}
