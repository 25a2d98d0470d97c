import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorSpec } from '../../contracts/tensors.ts';
import { RootstockError } from '../../errors.ts';
import { joinPath, parameter, type Scope } from './scope.ts';

/** torch.nn.BatchNorm's default arguments (PyTorch 2.4). */
const EPS = 1e-5;
const MOMENTUM = 0.1;

/** Describes torch.nn.BatchNorm1d or BatchNorm2d: weight and bias [C], and the buffers running_mean, running_var [C] and num_batches_tracked []. */
export function describeBatchNorm(path: string, channels: number): readonly TensorSpec[] {
  const vector = (name: string, kind: TensorSpec['kind'], initial: 'zeros' | 'ones'): TensorSpec => ({
    path: joinPath(path, name),
    shape: [channels],
    dtype: 'float32',
    kind,
    initializer: { kind: initial },
  });
  return [
    vector('weight', 'parameter', 'ones'),
    vector('bias', 'parameter', 'zeros'),
    vector('running_mean', 'buffer', 'zeros'),
    vector('running_var', 'buffer', 'ones'),
    { path: joinPath(path, 'num_batches_tracked'), shape: [], dtype: 'int64', kind: 'buffer', initializer: { kind: 'zeros' } },
  ];
}

/**
 * Computes torch.nn.BatchNorm over all axes but the last. x [..., C] -> same shape. In train mode it normalises with the batch's
 * statistics and hands back the new running ones; in eval mode (a frozen module, too) it uses the running ones and changes nothing.
 * Throws MODEL_CONFIG_INVALID in train mode when a channel has a single value: it has no variance (torch refuses this as well).
 */
export function forwardBatchNorm(scope: Scope, x: Tensor): Tensor {
  const { ctx, path } = scope;
  const affine = { weight: parameter(scope, 'weight'), bias: parameter(scope, 'bias') };
  const running = {
    mean: parameter(scope, 'running_mean'),
    variance: parameter(scope, 'running_var'),
    count: parameter(scope, 'num_batches_tracked'),
  };
  if (ctx.mode(path) === 'eval') return ctx.ops.batchNorm(x, running, affine, EPS);
  const samples = x.size / (x.shape.at(-1) ?? 1);
  if (samples < 2) throw tooFewSamples(path);
  const batch = ctx.ops.moments(x);
  const next = ctx.ops.runningStatistics(running, batch, { momentum: MOMENTUM, samples });
  ctx.updateBuffer(joinPath(path, 'running_mean'), next.mean);
  ctx.updateBuffer(joinPath(path, 'running_var'), next.variance);
  ctx.updateBuffer(joinPath(path, 'num_batches_tracked'), next.count);
  return ctx.ops.batchNorm(x, batch, affine, EPS);
}

function tooFewSamples(path: string): RootstockError {
  return new RootstockError(
    'MODEL_CONFIG_INVALID',
    `${path}: batch normalisation needs at least 2 values per channel in training, received 1.\nFix: set datamodule.train.batch_size to 2 or more (and drop_last: true), or model.config.batch_norm: false.`,
    { path },
  );
}
