import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorSpec } from '../../contracts/tensors.ts';
import type { LinearLayer } from '../../ops/ops.ts';
import type { Segments } from '../../ops/segments.ts';
import type { GraphBatch } from '../definition.ts';
import { enter, joinPath, type Scope } from '../nn/scope.ts';
import { describeMlp, forwardMlp, type MlpShape, mlpLayers, readLinearLayers } from './mlp.ts';
import type { EgnnSettings } from './settings.ts';
import { type EgnnState, placeAtoms } from './state.ts';

/** Describes the update of a block: the networks phi_n, attention and, with modify_coords, phi_x. */
export function describeNodeOperation(path: string, settings: EgnnSettings): readonly TensorSpec[] {
  return [
    ...describeMlp(joinPath(path, 'phi_n'), settings, updateShape(settings)),
    ...describeMlp(joinPath(path, 'attention'), settings, attentionShape(settings)),
    ...(settings.modifyCoords ? describeMlp(joinPath(path, 'phi_x'), settings, stepShape(settings)) : []),
  ];
}

/** The network attention, which makes a gate in 0 .. 1 of each message; null where Dropout runs in it. */
export function readAttention(scope: Scope, settings: EgnnSettings): readonly LinearLayer[] | null {
  return readLinearLayers(enter(scope, 'attention'), mlpLayers(settings, attentionShape(settings)));
}

/** Computes the sum of attention(m) * m over the edges that start at each atom, for messages m [E, c]: [N, c]. */
export function gatherMessages(scope: Scope, settings: EgnnSettings, messages: Tensor, from: Segments): Tensor {
  const gate = forwardMlp(enter(scope, 'attention'), settings, attentionShape(settings), messages); // [E, 1]
  return scope.ctx.ops.gatedSegmentSum(messages, gate, from);
}

/**
 * Computes the update of node features from gathered messages [N, c]: h_i + phi_n(h_i, sum of attention(m) * m). Satorras et al. 2021, equations 5, 6
 * and 8.
 */
export function renewNodes(scope: Scope, settings: EgnnSettings, nodeFeats: Tensor, gathered: Tensor): Tensor {
  const { ops } = scope.ctx;
  const change = forwardMlp(enter(scope, 'phi_n'), settings, updateShape(settings), ops.concat([nodeFeats, gathered])); // [N, c]
  return ops.add(change, nodeFeats);
}

/**
 * Computes where the atoms move by messages m [E, c]: r_i + sum of (r_j - r_i) / (d + 1) * phi_x(m) over the edges that start at i. Satorras et al.
 * 2021, equation 4, and the normalised step of its appendix C.
 */
export function moveAtoms(
  scope: Scope,
  settings: EgnnSettings,
  { state, messages, graphs }: { readonly state: EgnnState; readonly messages: Tensor; readonly graphs: GraphBatch },
): Pick<EgnnState, 'coordinates' | 'vectors' | 'distances'> {
  const { ops } = scope.ctx;
  const sizes = forwardMlp(enter(scope, 'phi_x'), settings, stepShape(settings), messages); // [E, 1]
  const steps = ops.segmentSum(ops.edgeSteps(state.vectors, state.distances, sizes), graphs.edgeIndex[0]); // [N, 3]
  return placeAtoms(ops, ops.add(state.coordinates, steps), graphs);
}

function updateShape({ hidden, numLayersPhi, mlpOutputActivation }: EgnnSettings): MlpShape {
  return { inFeatures: 2 * hidden, outFeatures: hidden, numLayers: numLayersPhi, outputActivation: mlpOutputActivation };
}

function attentionShape({ hidden, numLayersPhi }: EgnnSettings): MlpShape {
  return { inFeatures: hidden, outFeatures: 1, numLayers: numLayersPhi, outputActivation: 'Sigmoid' };
}

// physicsml gives phi_x no Dropout.
function stepShape({ hidden, numLayersPhi }: EgnnSettings): MlpShape {
  return { inFeatures: hidden, outFeatures: 1, numLayers: numLayersPhi, outputActivation: null, withDropout: false };
}
