import type { Tensor } from '@tensorflow/tfjs-core';
import type { Scope } from './scope.ts';

/** Computes torch.nn.Dropout(p): in train mode zeroes each element with probability p and scales the rest by 1 / (1 - p); else nothing. */
export function forwardDropout(scope: Scope, x: Tensor, p: number): Tensor {
  const { ctx, path } = scope;
  if (!dropoutRuns(scope, p)) return x;
  return ctx.ops.dropout(x, ctx.dropoutMask(path, x.shape, p), p);
}

/** Whether the Dropout module at hand does anything in this pass. */
export function dropoutRuns({ ctx, path }: Scope, p: number): boolean {
  return p !== 0 && ctx.mode(path) === 'train';
}
