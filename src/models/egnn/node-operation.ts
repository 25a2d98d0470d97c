import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorSpec } from '../../contracts/tensors.ts';
import type { GraphBatch } from '../definition.ts';
import { enter, joinPath, type Scope } from '../nn/scope.ts';
import { describeMlp, forwardMlp, type MlpShape } from './mlp.ts';
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

/**
 * Computes the update of a block from its messages m [E, c]: h_i + phi_n(h_i, sum of attention(m) * m), and with modify_coords
 * r_i + sum of (r_j - r_i) / (d + 1) * phi_x(m); sums over the edges that start at i. Satorras et al. 2021, equations 4 to 6 and 8, and
 * the normalised step of its appendix C.
 */
export function forwardNodeOperation(
  scope: Scope,
  settings: EgnnSettings,
  { state, messages, graphs }: { readonly state: EgnnState; readonly messages: Tensor; readonly graphs: GraphBatch },
): Omit<EgnnState, 'edgeFeats'> {
  const { ops } = scope.ctx;
  const from = graphs.edgeIndex[0];
  const attention = forwardMlp(enter(scope, 'attention'), settings, attentionShape(settings), messages); // [E, 1]
  const gathered = ops.gatedSegmentSum(messages, attention, from); // [N, c]
  const change = forwardMlp(enter(scope, 'phi_n'), settings, updateShape(settings), ops.concat([state.nodeFeats, gathered])); // [N, c]
  const nodeFeats = ops.add(change, state.nodeFeats);
  if (!settings.modifyCoords) return { ...state, nodeFeats };
  const sizes = forwardMlp(enter(scope, 'phi_x'), settings, stepShape(settings), messages); // [E, 1]
  const steps = ops.segmentSum(ops.edgeSteps(state.vectors, state.distances, sizes), from); // [N, 3]
  return { nodeFeats, ...placeAtoms(ops, ops.add(state.coordinates, steps), graphs) };
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
