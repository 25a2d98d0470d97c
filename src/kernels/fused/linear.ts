import type { Tensor } from '@tensorflow/tfjs-core';
import { FUSED_ACTIVATIONS, type FusedActivation, gradientBeforeActivation } from './activation.ts';
import { newTensor, runDifferentiable } from './differentiable.ts';
import { multiply, multiplyTransposed, packMatrix, sumRows } from './products.ts';
import { callKernel, pointerOf } from './runtime.ts';

/** A linear layer with its activation in one pass: x [B, I], weight [O, I], bias [O] or null -> [B, O]. */
export function fusedLinear(x: Tensor, weight: Tensor, bias: Tensor | null, activation: FusedActivation): Tensor {
  const [rows = 0] = x.shape;
  const [columns = 0, depth = 0] = weight.shape;
  return runDifferentiable({
    inputs: { x, weight, bias },
    forward(backend, save) {
      const y = newTensor(backend, [rows, columns]);
      const slope = activation === 'SiLU' && save !== null ? newTensor(backend, [rows, columns]) : null;
      const transposed = { pointer: pointerOf(backend, weight), depth, columns, rowStride: 1, columnStride: depth };
      const packed = packMatrix(backend, transposed, bias);
      callKernel(backend, 'linear', rows, columns, depth, x, packed, FUSED_ACTIVATIONS[activation], y, slope);
      save?.([x, weight, slope ?? y]);
      return y;
    },
    backward(backend, dy, saved) {
      const [x, weight, slopeOrOutput] = saved as [Tensor, Tensor, Tensor];
      const dz = gradientBeforeActivation(backend, activation, dy, slopeOrOutput); // [B, O]
      return {
        x: () => {
          const dx = newTensor(backend, x.shape);
          multiply(
            backend,
            dz,
            { pointer: pointerOf(backend, weight), depth: columns, columns: depth, rowStride: depth, columnStride: 1 },
            { to: dx },
          );
          return dx;
        },
        weight: () => {
          const dw = newTensor(backend, weight.shape);
          multiplyTransposed(backend, dz, x, { pointer: pointerOf(backend, dw), stride: depth });
          return dw;
        },
        bias: () => sumRows(backend, dz),
      };
    },
  });
}
