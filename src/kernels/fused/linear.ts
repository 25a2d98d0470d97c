import { registerGradient, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import { type KernelCall, replaceKernel } from '../wasm/heap.ts';
import { FUSED_ACTIVATIONS, type FusedActivation, gradientBeforeActivation } from './activation.ts';
import { activeBackend, multiply, multiplyTransposed, packMatrix, sumRows, toTensor } from './products.ts';
import { callKernel, pointerOf } from './runtime.ts';

/** Kernel name of a linear layer with its activation: x [B, I], weight [O, I], bias [O] -> y [B, O] and, for SiLU, its slope [B, O]. */
export const FUSED_LINEAR = 'RootstockLinear';

interface LinearInputs {
  readonly x: TensorInfo;
  readonly weight: TensorInfo;
  readonly bias?: TensorInfo;
}

interface LinearAttributes {
  readonly activation: FusedActivation;
}

/** Registers the linear layer and its gradient. */
export function installLinear(): void {
  replaceKernel(FUSED_LINEAR, linear);
  registerGradient({
    kernelName: FUSED_LINEAR,
    inputsToSave: ['x', 'weight'],
    outputsToSave: [true, true],
    gradFunc: (dy, saved, attrs) => linearGradient(dy, saved, attrs as unknown as LinearAttributes),
  });
}

function linear({ inputs, attrs: { activation }, backend }: KernelCall<LinearInputs, LinearAttributes>): TensorInfo[] {
  const { x, weight, bias = null } = inputs;
  const [rows = 0, depth = 0] = x.shape;
  const [columns = 0] = weight.shape;
  const y = backend.makeOutput([rows, columns], 'float32');
  const slope = activation === 'SiLU' ? backend.makeOutput([rows, columns], 'float32') : null;
  const transposed = { pointer: pointerOf(backend, weight), depth, columns, rowStride: 1, columnStride: depth };
  const packed = packMatrix(backend, transposed, bias);
  callKernel(backend, 'linear', rows, columns, depth, x, packed, FUSED_ACTIVATIONS[activation], y, slope);
  return slope === null ? [y] : [y, slope];
}

function linearGradient(dys: Tensor | Tensor[], saved: readonly Tensor[], { activation }: LinearAttributes) {
  const backend = activeBackend();
  const [x, weight, ...outputs] = saved as [Tensor, Tensor, ...Tensor[]];
  const [columns = 0, depth = 0] = weight.shape;
  const dy = Array.isArray(dys) ? (dys[0] as Tensor) : dys;
  const dz = gradientBeforeActivation(backend, activation, dy, outputs); // [B, O]
  return {
    x: () => {
      const dx = backend.makeOutput(x.shape, 'float32');
      const matrix = { pointer: pointerOf(backend, weight), depth: columns, columns: depth, rowStride: depth, columnStride: 1 };
      multiply(backend, dz, matrix, { to: dx });
      return toTensor(dx);
    },
    weight: () => {
      const dw = backend.makeOutput(weight.shape, 'float32');
      multiplyTransposed(backend, dz, x, { pointer: pointerOf(backend, dw), stride: depth });
      return toTensor(dw);
    },
    bias: () => sumRows(backend, dz),
  };
}
