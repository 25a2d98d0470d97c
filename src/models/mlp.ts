import type { Tensor } from '@tensorflow/tfjs-core';
import type { z } from 'zod';
import type { JsonObject } from '../contracts/json.ts';
import type { ModuleTree } from '../contracts/tensors.ts';
import type { FeaturePrefix, ForwardContext, InputFacts, Params, StandsStill } from './definition.ts';
import { enter, rootScope } from './nn/scope.ts';
import { describeSequential, forwardSequential, type Layer, sequentialGradientKernels } from './nn/sequential.ts';
import { sequentialPrefix } from './nn/sequential-prefix.ts';
import { ACTIVATIONS, MAX_LAYERS, readActivation, readCount, readFlag, readProbability } from './read-config.ts';

// The body that mlp_regressor and mlp_classifier share: molflux 0.8.0's MLPModule, one torch.nn.Sequential named "module".

/** The hyperparameters of the body. zod comes as an argument. */
export function mlpHyperparameters(zod: typeof z) {
  return {
    input_dim: zod.int().min(1).nullish().describe('Width of the input; default: what x_features give. A contradiction is an error.'),
    num_layers: zod.int().min(1).max(MAX_LAYERS).default(2).describe('Linear modules in all, the output module included.'),
    hidden_dim: zod
      .int()
      .min(1)
      .nullable()
      .default(128)
      .describe('Width of every hidden layer; null: the default (molflux wants it with one layer).'),
    activation: zod.enum(ACTIVATIONS).default('SiLU').describe('Activation after each hidden layer (torch.nn names).'),
    dropout: zod.number().min(0).lt(1).default(0).describe('Dropout probability after each hidden layer; 0 adds no module.'),
    batch_norm: zod.boolean().default(false).describe('BatchNorm1d after each hidden Linear; false adds no module.'),
  };
}

/** Describes the body for given widths; widths of 0 are fine when only the structure matters. */
export function describeMlp(config: JsonObject, widths: { readonly input: number; readonly output: number }): ModuleTree {
  return { tensors: describeSequential('module', mlpLayers(config, widths)) };
}

/** Computes the body. inputs [B, W] -> [B, outputs], no activation after the last Linear. */
export function forwardMlp(params: Params, inputs: Tensor, ctx: ForwardContext): Tensor {
  return forwardSequential(enter(rootScope(params, ctx), 'module'), mlpLayers(ctx.config, { input: 1, output: 1 }), inputs);
}

/** The leading layers of the body that a stage leaves as they are. */
export function mlpPrefix(config: JsonObject, _facts: InputFacts, standsStill: StandsStill): FeaturePrefix | null {
  const parts = [{ path: 'module', layers: mlpLayers(config, { input: 1, output: 1 }) }];
  return sequentialPrefix({ parts, inputShape: [1], prepare: (inputs) => inputs }, standsStill);
}

/** What the body computes depends on its activation, which no tensor shows. */
export function mlpComputationKeys(): readonly string[] {
  return ['activation'];
}

/** The kernels of the body's backward pass. */
export function mlpGradientKernels(config: JsonObject): readonly string[] {
  return sequentialGradientKernels(mlpLayers(config, { input: 1, output: 1 }));
}

// Linear, [BatchNorm1d], activation, [Dropout] for each hidden layer, then Linear. With both extras off: module.0, module.2, ... as molflux.
function mlpLayers(config: JsonObject, widths: { readonly input: number; readonly output: number }): readonly Layer[] {
  const hidden = readCount(config, 'hidden_dim', { fallback: 128, minimum: 1 });
  const count = readCount(config, 'num_layers', { fallback: 2, minimum: 1, maximum: MAX_LAYERS }) - 1;
  const activation = readActivation(config, 'SiLU');
  const p = readProbability(config, 'dropout');
  const normalised = readFlag(config, 'batch_norm');
  const block = (inFeatures: number): Layer[] => [
    { kind: 'linear', inFeatures, outFeatures: hidden },
    ...(normalised ? [{ kind: 'batch_norm', channels: hidden } as const] : []),
    { kind: 'activation', name: activation },
    ...(p > 0 ? [{ kind: 'dropout', p } as const] : []),
  ];
  const blocks = Array.from({ length: count }, (_, index) => block(index === 0 ? widths.input : hidden));
  return [...blocks.flat(), { kind: 'linear', inFeatures: count === 0 ? widths.input : hidden, outFeatures: widths.output }];
}
