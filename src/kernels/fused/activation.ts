import { engine, type Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { callKernel } from './runtime.ts';

/** Activations that fused kernels apply in the same pass, by the numbers of assembly/activations.as. */
export const FUSED_ACTIVATIONS = { Identity: 0, ReLU: 1, SiLU: 2, Sigmoid: 3 } as const;

/** An activation that fused kernels know. */
export type FusedActivation = keyof typeof FUSED_ACTIVATIONS;

/** Whether fused kernels know an activation. */
export function isFusedActivation(name: string): name is FusedActivation {
  return Object.hasOwn(FUSED_ACTIVATIONS, name);
}

/** The gradient before the activation: dy times its slope, taken from the outputs that the kernel saved (y and, for SiLU, the slope). */
export function gradientBeforeActivation(backend: WasmBackend, activation: FusedActivation, dy: Tensor, saved: readonly Tensor[]): Tensor {
  if (activation === 'Identity') return dy;
  const [y, slope] = saved as [Tensor, Tensor | undefined];
  const dz = backend.makeOutput(dy.shape, 'float32');
  callKernel(backend, 'activationGradient', FUSED_ACTIVATIONS[activation], dy.size, dy, activation === 'SiLU' ? (slope as Tensor) : y, dz);
  return engine().makeTensorFromTensorInfo(dz);
}
