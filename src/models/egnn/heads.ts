import type { Tensor } from '@tensorflow/tfjs-core';
import type { GraphFacts } from '../../contracts/graphs.ts';
import type { TensorSpec } from '../../contracts/tensors.ts';
import type { GraphBatch, GraphOutputs } from '../definition.ts';
import { enter, type Scope } from '../nn/scope.ts';
import { describeMlp, forwardMlp, type MlpShape } from './mlp.ts';
import { describePoolingHead, forwardPoolingHead } from './pooling-head.ts';
import type { EgnnSettings } from './settings.ts';
import type { EgnnFeatures } from './state.ts';

/** Which heads a model has: those that have columns, and whether the pooling head has one for the standard deviation beside it. */
export interface HeadsShape {
  readonly targets: GraphFacts['targets'];
  readonly graphWidth: number;
  readonly withStd: boolean;
}

/** Describes node_mlp, edge_mlp, pooling_head and pooling_head_std, as far as there are columns for them. */
export function describeHeads(settings: EgnnSettings, { targets, graphWidth, withStd }: HeadsShape): readonly TensorSpec[] {
  const { y_node_scalars: nodes = 0, y_edge_scalars: edges = 0, y_graph_scalars: graphs = 0 } = targets;
  const pooling = (path: string) => describePoolingHead(path, settings, { outFeatures: graphs, graphWidth });
  return [
    ...(nodes > 0 ? describeMlp('node_mlp', settings, lineShape(settings, nodes)) : []),
    ...(edges > 0 ? describeMlp('edge_mlp', settings, lineShape(settings, edges)) : []),
    ...(graphs > 0 ? pooling('pooling_head') : []),
    ...(graphs > 0 && withStd ? pooling('pooling_head_std') : []),
  ];
}

/**
 * Computes the outputs by head: y_graph_scalars [G, T] (plus the total atomic energy), its standard deviation y_graph_scalars::std,
 * y_node_scalars [N, T] and y_edge_scalars [E, T]; each times scaling_std plus scaling_mean (a standard deviation is scaled only).
 */
export function forwardHeads(
  scope: Scope,
  settings: EgnnSettings,
  { shape, graphs, state }: { readonly shape: HeadsShape; readonly graphs: GraphBatch; readonly state: EgnnFeatures },
): GraphOutputs {
  const { ops } = scope.ctx;
  const { targets, withStd } = shape;
  const scale = (x: Tensor) => ops.scaleAndShift(x, settings.scalingStd, settings.scalingMean);
  const line = (name: string, x: Tensor) => scale(forwardMlp(enter(scope, name), settings, lineShape(settings, 1), x));
  const pooled = (name: string, poolType = settings.poolType) =>
    forwardPoolingHead(enter(scope, name), settings, { graphs, state, poolType });
  const outputs: { -readonly [Head in keyof GraphOutputs]: GraphOutputs[Head] } = {};
  if (targets.y_graph_scalars) {
    outputs.y_graph_scalars = addAtoms(scope, scale(pooled('pooling_head')), graphs);
    if (withStd) outputs['y_graph_scalars::std'] = ops.scaleAndShift(ops.abs(pooled('pooling_head_std', 'mean')), settings.scalingStd, 0);
  }
  if (targets.y_node_scalars) outputs.y_node_scalars = line('node_mlp', state.nodeFeats);
  if (targets.y_edge_scalars && state.edgeFeats !== null) outputs.y_edge_scalars = line('edge_mlp', state.edgeFeats);
  return outputs;
}

/** Whether any head reads the features of edges. */
export function readsEdges(settings: EgnnSettings, { targets }: Pick<HeadsShape, 'targets'>): boolean {
  return (targets.y_edge_scalars ?? 0) > 0 || ((targets.y_graph_scalars ?? 0) > 0 && settings.poolFrom !== 'nodes');
}

function addAtoms({ ctx }: Scope, y: Tensor, { totalAtomicEnergy }: GraphBatch): Tensor {
  return totalAtomicEnergy === null ? y : ctx.ops.add(y, totalAtomicEnergy); // [G, T] + [G, 1]
}

function lineShape({ hidden, numLayersPhi, mlpOutputActivation }: EgnnSettings, outFeatures: number): MlpShape {
  return { inFeatures: hidden, outFeatures, numLayers: numLayersPhi, outputActivation: mlpOutputActivation };
}
