import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorSpec } from '../../contracts/tensors.ts';
import type { ConvOptions } from '../../ops/ops.ts';
import { weightAndBias } from './initialization.ts';
import { parameter, type Scope } from './scope.ts';

/** Describes torch.nn.Conv2d with a square kernel: weight [out, in, k, k], bias [out]. */
export function describeConv2d(
  path: string,
  size: { readonly inChannels: number; readonly outChannels: number; readonly kernelSize: number },
): readonly TensorSpec[] {
  return weightAndBias(path, [size.outChannels, size.inChannels, size.kernelSize, size.kernelSize]);
}

/** Computes torch.nn.Conv2d on channels-last images. x [B, H, W, in] -> [B, H', W', out], H' = floor((H + 2 padding - k) / stride) + 1. */
export function forwardConv2d(scope: Scope, x: Tensor, options: ConvOptions): Tensor {
  return scope.ctx.ops.conv2d(x, parameter(scope, 'weight'), parameter(scope, 'bias'), options);
}

/** Side length of a convolution's or pooling's output (floor mode); below 1 when the window does not fit. */
export function outputSide(side: number, window: { readonly size: number; readonly stride: number; readonly padding: number }): number {
  return Math.floor((side + 2 * window.padding - window.size) / window.stride) + 1;
}
