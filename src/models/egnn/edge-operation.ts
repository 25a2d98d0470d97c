import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorSpec } from '../../contracts/tensors.ts';
import type { GraphBatch } from '../definition.ts';
import { enter, joinPath, parameter, type Scope } from '../nn/scope.ts';
import { describeMlp, forwardEdgeMlp, type MlpShape } from './mlp.ts';
import type { EgnnSettings } from './settings.ts';
import type { EgnnState } from './state.ts';

/** What an edge operation is built for. */
export interface EdgeShape {
  /** Whether edges have features of their own. */
  readonly hasEdgeFeatures: boolean;
  /** Where bessel_cut_off starts, Angstrom. */
  readonly cutOff: number;
}

/**
 * Describes the messages of a block: bessel_cut_off [1] and z_0k [K] (trained; with num_rbf > 0), the network phi_e, and with edge
 * features phi_b, which renews them.
 */
export function describeEdgeOperation(path: string, settings: EgnnSettings, { hasEdgeFeatures, cutOff }: EdgeShape): readonly TensorSpec[] {
  return [
    ...describeBasis(path, settings.numRbf, cutOff),
    ...describeMlp(joinPath(path, 'phi_e'), settings, messageShape(settings, hasEdgeFeatures)),
    ...(hasEdgeFeatures ? describeMlp(joinPath(path, 'phi_b'), settings, renewalShape(settings)) : []),
  ];
}

/**
 * Computes the messages m = phi_e(h_i, h_j, d, basis(d), e), [E, c], and `renewEdges`: the new edge features phi_b(h_i, h_j, m, d,
 * basis(d), e), [E, c]. Satorras et al. 2021 (E(n) equivariant graph neural networks), equation 3, with the distance in place of its
 * square, as physicsml has it.
 */
export function forwardEdgeOperation(
  scope: Scope,
  settings: EgnnSettings,
  { state, graphs }: { readonly state: EgnnState; readonly graphs: GraphBatch },
): { readonly messages: Tensor; readonly renewEdges: () => Tensor } {
  const { ops } = scope.ctx;
  const { nodeFeats, edgeFeats, distances } = state;
  const basis =
    settings.numRbf === 0
      ? []
      : [ops.besselBasis(distances, { roots: parameter(scope, 'z_0k'), cutOff: parameter(scope, 'bessel_cut_off') })]; // [E, K]
  const seen = [distances, ...basis, ...(edgeFeats === null ? [] : [edgeFeats])];
  const input = (parts: readonly Tensor[]) => ({
    nodes: nodeFeats,
    edges: parts.length === 1 ? (parts[0] as Tensor) : ops.concat(parts),
    edgeIndex: graphs.edgeIndex,
  });
  const messages = forwardEdgeMlp(enter(scope, 'phi_e'), settings, messageShape(settings, edgeFeats !== null), input(seen)); // [E, c]
  return {
    messages,
    renewEdges: () => forwardEdgeMlp(enter(scope, 'phi_b'), settings, renewalShape(settings), input([messages, ...seen])),
  };
}

function describeBasis(path: string, numRbf: number, cutOff: number): readonly TensorSpec[] {
  if (numRbf === 0) return [];
  // Roots k * pi from k = 0 on, in float32 as torch multiplies them.
  const roots = Array.from({ length: numRbf }, (_, k) => Math.fround(Math.fround(Math.PI) * k));
  const spec = { dtype: 'float32', kind: 'parameter' } as const;
  return [
    { ...spec, path: joinPath(path, 'bessel_cut_off'), shape: [1], initializer: { kind: 'constant', value: cutOff } },
    { ...spec, path: joinPath(path, 'z_0k'), shape: [numRbf], initializer: { kind: 'values', values: roots } },
  ];
}

function messageShape({ hidden, numRbf, numLayersPhi, mlpOutputActivation }: EgnnSettings, hasEdgeFeatures: boolean): MlpShape {
  return {
    inFeatures: (hasEdgeFeatures ? 3 : 2) * hidden + numRbf + 1,
    outFeatures: hidden,
    numLayers: numLayersPhi,
    outputActivation: mlpOutputActivation,
  };
}

function renewalShape(settings: EgnnSettings): MlpShape {
  const { hidden, numRbf } = settings;
  return { ...messageShape(settings, true), inFeatures: 4 * hidden + numRbf + 1 };
}
