import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { newTensor } from './differentiable.ts';
import { callKernel } from './runtime.ts';

/** Activations that fused kernels apply in the same pass, by the numbers of assembly/activations.as. */
export const FUSED_ACTIVATIONS = { Identity: 0, ReLU: 1, SiLU: 2, Sigmoid: 3 } as const;

/** An activation that fused kernels know. */
export type FusedActivation = keyof typeof FUSED_ACTIVATIONS;

/** Whether fused kernels know an activation. */
export function isFusedActivation(name: string): name is FusedActivation {
  return Object.hasOwn(FUSED_ACTIVATIONS, name);
}

/** The gradient before the activation: dy times its slope. `saved` is the slope of SiLU as the kernel stored it, else the output. */
export function gradientBeforeActivation(backend: WasmBackend, activation: FusedActivation, dy: Tensor, saved: Tensor): Tensor {
  if (activation === 'Identity') return dy;
  const dz = newTensor(backend, dy.shape);
  callKernel(backend, 'activationGradient', FUSED_ACTIVATIONS[activation], dy.size, dy, saved, dz);
  return dz;
}
