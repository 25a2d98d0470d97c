import type { Tensor } from '@tensorflow/tfjs-core';
import type { FeaturePrefix, ForwardContext, Params, StandsStill } from '../definition.ts';
import { outputSide } from './conv2d.ts';
import { enter, joinPath, rootScope } from './scope.ts';
import { describeSequential, forwardSequential, type Layer } from './sequential.ts';

/** A model that is one torch.nn.Sequential after the other. */
export interface SequentialChain {
  readonly parts: readonly { readonly path: string; readonly layers: readonly Layer[] }[];
  /** Shape of one row as the first layer takes it. */
  readonly inputShape: readonly number[];
  /** Brings inputs [B, W] into that shape. */
  prepare(inputs: Tensor, ctx: ForwardContext): Tensor;
}

/**
 * Finds the longest run of leading layers that a stage leaves as they are: a layer with tensors when it stands still, dropout when it is
 * inside a frozen module, anything else always. Null when no layer with tensors is among them.
 */
export function sequentialPrefix(chain: SequentialChain, standsStill: StandsStill): FeaturePrefix | null {
  const all = chain.parts.flatMap(({ path, layers }) =>
    layers.map((layer, position) => ({ layer, path: joinPath(path, String(position)) })),
  );
  const end = all.findIndex(({ layer, path }) => !isStill(layer, path, standsStill));
  const still = end < 0 ? all : all.slice(0, end);
  const shape = still.reduce<readonly number[]>((before, { layer }) => shapeAfter(layer, before), chain.inputShape);
  const modules = still.filter(({ layer, path }) => describeSequential(path, [layer]).length > 0).map(({ path }) => path);
  if (end < 0 || modules.length === 0) return null;
  return {
    modules,
    shape,
    encode: (params, inputs, ctx) => runChain(chain, { params, ctx, from: 0, to: still.length }, chain.prepare(inputs, ctx)),
    decode: (params, encoded, ctx) => runChain(chain, { params, ctx, from: still.length, to: all.length }, encoded),
  };
}

function isStill(layer: Layer, path: string, standsStill: StandsStill): boolean {
  if (layer.kind === 'dropout') return layer.p === 0 || standsStill(path);
  return describeSequential(path, [layer]).length === 0 || standsStill(path);
}

/** Computes the layers from .. to - 1 of a chain, counted over all its parts. */
function runChain(
  { parts }: SequentialChain,
  at: { readonly params: Params; readonly ctx: ForwardContext; readonly from: number; readonly to: number },
  x: Tensor,
): Tensor {
  let value = x;
  let first = 0;
  for (const { path, layers } of parts) {
    const from = Math.min(Math.max(at.from - first, 0), layers.length);
    const to = Math.min(Math.max(at.to - first, 0), layers.length);
    if (from < to) value = forwardSequential(enter(rootScope(at.params, at.ctx), path), layers.slice(0, to), value, from);
    first += layers.length;
  }
  return value;
}

/** Shape of one row after a layer; images are [H, W, C]. */
function shapeAfter(layer: Layer, shape: readonly number[]): readonly number[] {
  const [height = 1, width = 1, channels = 1] = shape;
  switch (layer.kind) {
    case 'linear':
      return [...shape.slice(0, -1), layer.outFeatures];
    case 'conv2d': {
      const after = (side: number) => outputSide(side, { size: layer.kernelSize, stride: layer.stride, padding: layer.padding });
      return [after(height), after(width), layer.outChannels];
    }
    case 'flatten':
      return [shape.reduce((product, size) => product * size, 1)];
    case 'max_pool':
    case 'avg_pool': {
      const after = (side: number) => outputSide(side, { size: layer.kernelSize, stride: layer.kernelSize, padding: 0 });
      return [after(height), after(width), channels];
    }
    case 'embedding':
      return [...shape, layer.embeddingDim];
    case 'layer_norm':
    case 'batch_norm':
    case 'activation':
    case 'dropout':
      return shape;
  }
}
