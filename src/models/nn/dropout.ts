import type { Tensor } from '@tensorflow/tfjs-core';
import type { Scope } from './scope.ts';

/** Computes torch.nn.Dropout(p): in train mode zeroes each element with probability p and scales the rest by 1 / (1 - p); else nothing. */
export function forwardDropout(scope: Scope, x: Tensor, p: number): Tensor {
  const { ctx, path } = scope;
  if (p === 0 || ctx.mode(path) === 'eval') return x;
  return ctx.ops.dropout(x, ctx.dropoutMask(path, x.shape, p), p);
}
