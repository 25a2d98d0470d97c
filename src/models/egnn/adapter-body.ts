import type { Tensor } from '@tensorflow/tfjs-core';
import type { JsonObject } from '../../contracts/json.ts';
import type { TensorSpec } from '../../contracts/tensors.ts';
import { composeMessage, RootstockError } from '../../errors.ts';
import { describeBatchNorm, forwardBatchNorm } from '../nn/batch-norm.ts';
import { enter, joinPath, parameter, type Scope } from '../nn/scope.ts';
import { describeSequential, forwardSequential, type Layer } from '../nn/sequential.ts';
import { readCount, readNumber } from '../read-config.ts';
import { blockCount, describeBlocks, describeEmbeddings, forwardBody } from './body.ts';
import type { EgnnBody } from './egnn-family.ts';
import type { EgnnSettings } from './settings.ts';

/**
 * The module `adapter_egnn`: around each block, node features become BatchNorm(block(h)) + s_before * adapter_before(h) + s_after *
 * adapter_after(block(h)). An adapter is Linear to c / ratio_adapter_down, activation, Linear back, BatchNorm. Houlsby et al. 2019
 * (parameter-efficient transfer learning), in physicsml's arrangement.
 */
export const adapterBody: EgnnBody = {
  root: 'adapter_egnn',
  shallowEmbeddings: true,
  describe: (path, settings, { shape, config }) => {
    const layers = adapterLayers(settings, narrowWidth(settings, config));
    const initial = readNumber(config, 'initial_s', { fallback: 0.01 });
    const each = (describe: (position: number) => readonly TensorSpec[]) =>
      Array.from({ length: blockCount(settings) }, (_, index) => describe(index)).flat();
    const at = (name: string) => joinPath(path, name);
    return [
      ...describeEmbeddings(path, settings, shape),
      ...each((index) => describeSequential(at(`adapters_before.${index}.adapter_module`), layers)),
      ...each((index) => describeSequential(at(`adapters_after.${index}.adapter_module`), layers)),
      ...each((index) => describeBatchNorm(at(`batch_norms.${index}`), settings.hidden)),
      ...each((index) => [strength(at(`s_params_before.${index}`), initial)]),
      ...each((index) => [strength(at(`s_params_after.${index}`), initial)]),
      ...describeBlocks(path, settings, shape),
    ];
  },
  forward: (scope, settings, pass) =>
    forwardBody(scope, settings, {
      ...pass,
      beforeBlock: (position, before) => adapt(enter(scope, `adapters_before.${position}`), settings, before),
      afterBlock: (position, adapted, after) => combine(scope, settings, { position, adapted, after }),
    }),
};

function combine(
  scope: Scope,
  settings: EgnnSettings,
  { position, adapted, after }: { readonly position: number; readonly adapted: Tensor; readonly after: Tensor },
): Tensor {
  const { ops } = scope.ctx;
  const adaptedAfter = adapt(enter(scope, `adapters_after.${position}`), settings, after); // [N, c]
  const normalised = forwardBatchNorm(enter(scope, `batch_norms.${position}`), after); // [N, c]
  const before = ops.multiply(parameter(scope, `s_params_before.${position}`), adapted);
  return ops.add(ops.add(normalised, before), ops.multiply(parameter(scope, `s_params_after.${position}`), adaptedAfter));
}

function adapt(scope: Scope, settings: EgnnSettings, x: Tensor): Tensor {
  return forwardSequential(enter(scope, 'adapter_module'), adapterLayers(settings, 1), x);
}

function adapterLayers({ hidden, mlpActivation }: EgnnSettings, narrow: number): readonly Layer[] {
  return [
    { kind: 'linear', inFeatures: hidden, outFeatures: narrow },
    { kind: 'activation', name: mlpActivation ?? 'SiLU' },
    { kind: 'linear', inFeatures: narrow, outFeatures: hidden },
    { kind: 'batch_norm', channels: hidden },
  ];
}

function narrowWidth({ hidden }: EgnnSettings, config: JsonObject): number {
  const ratio = readCount(config, 'ratio_adapter_down', { fallback: 10, minimum: 1 });
  const narrow = Math.floor(hidden / ratio);
  if (narrow >= 1) return narrow;
  const text = composeMessage(
    `model.config: c_hidden ${hidden} divided by ratio_adapter_down ${ratio} leaves no channel.`,
    [],
    `set ratio_adapter_down to ${hidden} or less.`,
  );
  throw new RootstockError('MODEL_CONFIG_INVALID', text, { hidden, ratio });
}

function strength(path: string, value: number): TensorSpec {
  return { path, shape: [], dtype: 'float32', kind: 'parameter', initializer: { kind: 'constant', value } };
}
