import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorSpec } from '../../contracts/tensors.ts';
import type { Ops, SegmentNetwork } from '../../ops/ops.ts';
import type { Segments } from '../../ops/segments.ts';
import type { GraphBatch } from '../definition.ts';
import { enter, joinPath, parameter, type Scope } from '../nn/scope.ts';
import { forwardSequential } from '../nn/sequential.ts';
import { rememberByObject } from '../remember.ts';
import { describeMlp, forwardMlp, type MlpShape, mlpLayers, readLinearLayers } from './mlp.ts';
import type { EgnnSettings } from './settings.ts';
import type { EgnnFeatures } from './state.ts';

/** What a pooling head is built for. */
export interface PoolingShape {
  readonly outFeatures: number;
  /** Values per molecule that join the pooled ones; 0: none. */
  readonly graphWidth: number;
}

/** Describes a pooling head: headMLP1 before the pooling, headMLP2 after it. */
export function describePoolingHead(path: string, settings: EgnnSettings, shape: PoolingShape): readonly TensorSpec[] {
  return [
    ...describeMlp(joinPath(path, 'headMLP1'), settings, beforeShape(settings)),
    ...describeMlp(joinPath(path, 'headMLP2'), settings, afterShape(settings, shape)),
  ];
}

/**
 * Computes one line per molecule, [G, T]: headMLP1 over nodes, edges or both (the same network), pooled per molecule (edges first into the
 * atom they lead to), joined with the molecule's own values, then headMLP2.
 */
export function forwardPoolingHead(
  scope: Scope,
  settings: EgnnSettings,
  {
    graphs,
    state,
    poolType = settings.poolType,
  }: { readonly graphs: GraphBatch; readonly state: EgnnFeatures; readonly poolType?: 'sum' | 'mean' },
): Tensor {
  const { ops } = scope.ctx;
  const isPlain = poolType === 'sum' && settings.poolFrom === 'nodes' && graphs.graphAttrs === null;
  // The network takes no activation and one that is written out as Identity for the same, and sums before the last layer: models with Identity would get
  // other last bits than they were trained with.
  const networks = isPlain && settings.mlpOutputActivation !== 'Identity' ? bothNetworks(scope, settings) : null;
  if (networks !== null) return ops.segmentNetwork(state.nodeFeats, networks, graphs.batch);
  const transformed = (x: Tensor, into: Segments) => poolTransformed(enter(scope, 'headMLP1'), settings, x, { into, poolType });
  const pooled: Tensor[] = [];
  if (settings.poolFrom !== 'edges') pooled.push(transformed(state.nodeFeats, graphs.batch)); // [G, c]
  if (settings.poolFrom !== 'nodes' && state.edgeFeats !== null) {
    const perAtom = transformed(state.edgeFeats, graphs.edgeIndex[1]); // [N, c]
    pooled.push(pool(ops, perAtom, { into: graphs.batch, poolType })); // [G, c]
  }
  const parts = graphs.graphAttrs === null ? pooled : [...pooled, graphs.graphAttrs];
  const joined = parts.length === 1 ? (parts[0] as Tensor) : ops.concat(parts);
  return forwardMlp(enter(scope, 'headMLP2'), settings, afterShape(settings, { outFeatures: 1, graphWidth: 0 }), joined);
}

/** Both networks for one operation; null where Dropout runs. */
function bothNetworks(scope: Scope, settings: EgnnSettings): SegmentNetwork | null {
  const layers = bothLayers(settings);
  const before = readLinearLayers(enter(scope, 'headMLP1'), layers.before);
  const after = readLinearLayers(enter(scope, 'headMLP2'), layers.after);
  return before === null || after === null ? null : { before, after };
}

const bothLayers = rememberByObject((settings: EgnnSettings) => ({
  before: mlpLayers(settings, beforeShape(settings)),
  after: mlpLayers(settings, afterShape(settings, { outFeatures: 1, graphWidth: 0 })),
}));

interface Pooling {
  readonly into: Segments;
  readonly poolType: 'sum' | 'mean';
}

/** headMLP1 of x, pooled. A sum takes its last layer along, where that has no activation of its own. */
function poolTransformed(scope: Scope, settings: EgnnSettings, x: Tensor, pooling: Pooling): Tensor {
  const { ops } = scope.ctx;
  const layers = mlpLayers(settings, beforeShape(settings));
  if (pooling.poolType === 'mean' || layers.at(-1)?.kind !== 'linear') return pool(ops, forwardSequential(scope, layers, x), pooling);
  const last = enter(scope, layers.length - 1);
  const before = forwardSequential(scope, layers.slice(0, -1), x);
  return ops.segmentSumLinear(before, parameter(last, 'weight'), parameter(last, 'bias'), pooling.into);
}

function pool(ops: Ops, x: Tensor, { into, poolType }: Pooling): Tensor {
  return poolType === 'sum' ? ops.segmentSum(x, into) : ops.segmentMean(x, into);
}

function beforeShape({ hidden, numLayersPooling, mlpOutputActivation }: EgnnSettings): MlpShape {
  return { inFeatures: hidden, outFeatures: hidden, numLayers: numLayersPooling, outputActivation: mlpOutputActivation };
}

function afterShape(
  { hidden, poolFrom, numLayersPooling, outputActivation }: EgnnSettings,
  { outFeatures, graphWidth }: PoolingShape,
): MlpShape {
  return {
    inFeatures: (poolFrom === 'nodes_edges' ? 2 : 1) * hidden + graphWidth,
    outFeatures,
    numLayers: numLayersPooling,
    outputActivation,
  };
}
