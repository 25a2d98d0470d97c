import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorSpec } from '../../contracts/tensors.ts';
import type { Activation, EdgeInput, LinearLayer } from '../../ops/ops.ts';
import { dropoutRuns } from '../nn/dropout.ts';
import { enter, joinPath, parameter, type Scope } from '../nn/scope.ts';
import { describeSequential, forwardSequential, type Layer } from '../nn/sequential.ts';
import type { MlpSettings } from './settings.ts';

/** One small network of an EGNN. */
export interface MlpShape {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** Linear modules in all; 1 gives two, as 2 does. */
  readonly numLayers: number;
  readonly outputActivation: Activation | null;
  /** False: no Dropout module whatever the settings say. */
  readonly withDropout?: boolean;
}

/**
 * The layers of physicsml's make_mlp: Linear, activation, as many hidden pairs as numLayers - 2, Dropout right before the last Linear,
 * and the output activation. An activation or Dropout that is null takes no position.
 */
export function mlpLayers(
  settings: MlpSettings,
  { inFeatures, outFeatures, numLayers, outputActivation, withDropout = true }: MlpShape,
): readonly Layer[] {
  const { hidden, dropout, mlpActivation } = settings;
  const activation = (name: Activation | null): readonly Layer[] => (name === null ? [] : [{ kind: 'activation', name }]);
  const hiddenLayers = Array.from({ length: Math.max(0, numLayers - 2) }, () => linear(hidden, hidden));
  return [
    linear(inFeatures, hidden),
    ...activation(mlpActivation),
    ...hiddenLayers.flatMap((layer) => [layer, ...activation(mlpActivation)]),
    ...(dropout === null || !withDropout ? [] : [{ kind: 'dropout', p: dropout } as const]),
    linear(hidden, outFeatures),
    ...activation(outputActivation),
  ];
}

/** Describes one network at a path: `<path>.0.weight`, `<path>.0.bias`, ... */
export function describeMlp(path: string, settings: MlpSettings, shape: MlpShape): readonly TensorSpec[] {
  return describeSequential(path, mlpLayers(settings, shape));
}

/** Computes one network: x [n, inFeatures] -> [n, outFeatures]. Only the structure of `shape` is read, not its widths. */
export function forwardMlp(scope: Scope, settings: MlpSettings, shape: MlpShape, x: Tensor): Tensor {
  return forwardSequential(scope, mlpLayers(settings, shape), x);
}

/** Computes one network over what each edge sees, [h_i, h_j, edges]: -> [E, outFeatures]. Equal to forwardMlp of the concatenation. */
export function forwardEdgeMlp(scope: Scope, settings: MlpSettings, shape: MlpShape, input: EdgeInput): Tensor {
  const { mlpActivation } = settings;
  const first = enter(scope, 0);
  const y = scope.ctx.ops.edgeLinear(input, parameter(first, 'weight'), parameter(first, 'bias'), mlpActivation ?? 'Identity'); // [E, c]
  return forwardSequential(scope, mlpLayers(settings, shape), y, mlpActivation === null ? 1 : 2);
}

/** One network for operations that take several layers at once, each with its activation; null where Dropout runs between them. */
export function readLinearLayers(scope: Scope, layers: readonly Layer[]): readonly LinearLayer[] | null {
  const found: LinearLayer[] = [];
  for (let position = 0; position < layers.length; position += 1) {
    const layer = layers[position] as Layer;
    if (layer.kind === 'activation') continue;
    const here = enter(scope, position);
    if (layer.kind === 'dropout' && dropoutRuns(here, layer.p)) return null;
    if (layer.kind !== 'linear') continue;
    const next = layers[position + 1];
    found.push({
      weight: parameter(here, 'weight'),
      bias: parameter(here, 'bias'),
      activation: next?.kind === 'activation' ? next.name : 'Identity',
      frozen: here.ctx.isFrozen(joinPath(here.path, 'weight')) && here.ctx.isFrozen(joinPath(here.path, 'bias')),
    });
  }
  return found;
}

function linear(inFeatures: number, outFeatures: number): Layer {
  return { kind: 'linear', inFeatures, outFeatures };
}
