import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorSpec } from '../../contracts/tensors.ts';
import { joinPath, parameter, type Scope } from './scope.ts';

/** torch.nn.LayerNorm's default (PyTorch 2.4). */
const EPS = 1e-5;

/** Describes torch.nn.LayerNorm(features): weight and bias [features], which start at 1 and 0. */
export function describeLayerNorm(path: string, features: number): readonly TensorSpec[] {
  const vector = (name: string, initial: 'zeros' | 'ones'): TensorSpec => ({
    path: joinPath(path, name),
    shape: [features],
    dtype: 'float32',
    kind: 'parameter',
    initializer: { kind: initial },
  });
  return [vector('weight', 'ones'), vector('bias', 'zeros')];
}

/** Computes torch.nn.LayerNorm over the last axis, the same in train and eval mode. x [..., features] -> same shape. */
export function forwardLayerNorm(scope: Scope, x: Tensor): Tensor {
  return scope.ctx.ops.layerNorm(x, parameter(scope, 'weight'), parameter(scope, 'bias'), EPS);
}
