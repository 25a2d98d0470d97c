import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorSpec } from '../../contracts/tensors.ts';
import type { EdgeInput, LinearLayer } from '../../ops/ops.ts';
import type { GraphBatch } from '../definition.ts';
import { enter, joinPath, parameter, type Scope } from '../nn/scope.ts';
import { describeMlp, forwardEdgeMlp, type MlpShape, mlpLayers, readLinearLayers } from './mlp.ts';
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

/** The layers of phi_e, which makes messages of what each edge sees; null where Dropout runs in it. */
export function readMessageLayers(scope: Scope, settings: EgnnSettings, state: EgnnState): readonly LinearLayer[] | null {
  return readLinearLayers(enter(scope, 'phi_e'), mlpLayers(settings, messageShape(settings, state.edgeFeats !== null)));
}

/**
 * What each edge sees: (h_i, h_j, d, basis(d), e). Satorras et al. 2021 (E(n) equivariant graph neural networks), equation 3, with the distance in
 * place of its square, as physicsml has it.
 */
export function messageInput(scope: Scope, settings: EgnnSettings, at: EdgesAt): EdgeInput {
  // Distances depend on nothing but coordinates, and those on nothing that is trained unless blocks move the atoms.
  const edgesAreConstant = settings.numRbf === 0 && at.state.edgeFeats === null && !settings.modifyCoords;
  return { ...edgeInput(scope, at, seenByEdges(scope, settings, at.state)), edgesAreConstant };
}

/** Computes the messages m, [E, c], and `renewEdges`: the new edge features phi_b(h_i, h_j, m, d, basis(d), e), [E, c]. */
export function forwardEdgeOperation(
  scope: Scope,
  settings: EgnnSettings,
  at: EdgesAt,
): { readonly messages: Tensor; readonly renewEdges: () => Tensor } {
  const seen = seenByEdges(scope, settings, at.state);
  const shape = messageShape(settings, at.state.edgeFeats !== null);
  const messages = forwardEdgeMlp(enter(scope, 'phi_e'), settings, shape, edgeInput(scope, at, seen)); // [E, c]
  const renewal = renewalShape(settings);
  return {
    messages,
    renewEdges: () => forwardEdgeMlp(enter(scope, 'phi_b'), settings, renewal, edgeInput(scope, at, [messages, ...seen])),
  };
}

/** Where a block stands. */
export interface EdgesAt {
  readonly state: EgnnState;
  readonly graphs: GraphBatch;
}

/** Beside the features of both atoms: d [E, 1], basis(d) [E, K], e [E, c]. */
function seenByEdges(scope: Scope, { numRbf }: EgnnSettings, { edgeFeats, distances }: EgnnState): readonly Tensor[] {
  const basis =
    numRbf === 0
      ? []
      : [scope.ctx.ops.besselBasis(distances, { roots: parameter(scope, 'z_0k'), cutOff: parameter(scope, 'bessel_cut_off') })];
  return [distances, ...basis, ...(edgeFeats === null ? [] : [edgeFeats])];
}

function edgeInput({ ctx }: Scope, { state, graphs }: EdgesAt, parts: readonly Tensor[]): EdgeInput {
  const edges = parts.length === 1 ? (parts[0] as Tensor) : ctx.ops.concat(parts);
  return { nodes: state.nodeFeats, edges, edgeIndex: graphs.edgeIndex };
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
