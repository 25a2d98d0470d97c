import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorSpec } from '../../contracts/tensors.ts';
import type { Activation } from '../../ops/ops.ts';
import { weightAndBias } from './initialization.ts';
import { parameter, type Scope } from './scope.ts';

/** Describes torch.nn.Linear(inFeatures, outFeatures): weight [out, in], bias [out]. */
export function describeLinear(path: string, size: { readonly inFeatures: number; readonly outFeatures: number }): readonly TensorSpec[] {
  return weightAndBias(path, [size.outFeatures, size.inFeatures]);
}

/** Computes torch.nn.Linear, optionally with the activation that follows it (a backend may fuse the two). x [B, in] -> [B, out]. */
export function forwardLinear(scope: Scope, x: Tensor, activation: Activation = 'Identity'): Tensor {
  return scope.ctx.ops.linear(x, parameter(scope, 'weight'), parameter(scope, 'bias'), activation);
}
