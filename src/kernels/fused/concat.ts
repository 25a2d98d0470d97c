import type { Tensor } from '@tensorflow/tfjs-core';
import { newTensor, runDifferentiable } from './differentiable.ts';
import { callKernel, pointerOf } from './runtime.ts';

/** Joins matrices of equal heights along their columns: [n, A], [n, B], ... -> [n, A + B + ...]. */
export function fusedConcat(parts: readonly Tensor[]): Tensor {
  const [rows = 0] = parts[0]?.shape ?? [];
  const widths = parts.map(({ shape }) => shape[1] ?? 0);
  const total = widths.reduce((sum, width) => sum + width, 0);
  const starts = widths.map((_, index) => widths.slice(0, index).reduce((sum, width) => sum + width, 0));
  return runDifferentiable({
    inputs: Object.fromEntries(parts.map((part, index) => [String(index), part])),
    forward(backend) {
      const joined = newTensor(backend, [rows, total]);
      for (const [index, part] of parts.entries()) {
        const width = widths[index] ?? 0;
        callKernel(backend, 'copyColumns', rows, width, part, width, pointerOf(backend, joined, starts[index]), total);
      }
      return joined;
    },
    backward: (backend, dy) =>
      Object.fromEntries(
        widths.map((width, index) => [
          String(index),
          () => {
            const part = newTensor(backend, [rows, width]);
            callKernel(backend, 'copyColumns', rows, width, pointerOf(backend, dy, starts[index]), total, part, width);
            return part;
          },
        ]),
      ),
  });
}
