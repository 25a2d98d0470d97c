import { type Scalar, scalar, type Tensor } from '@tensorflow/tfjs-core';
import { type FusedActivation, isFusedActivation } from '../kernels/fused/activation.ts';
import { fusedConcat } from '../kernels/fused/concat.ts';
import { fusedEdgeLinear } from '../kernels/fused/edge-linear.ts';
import type { FusedEdges } from '../kernels/fused/edge-products.ts';
import type { GatedNetwork as FusedNetwork, GatedLayer } from '../kernels/fused/gated-chain.ts';
import { fusedGatedEdgeSum } from '../kernels/fused/gated-edges.ts';
import { fusedEdgeVectors, fusedLengths } from '../kernels/fused/geometry.ts';
import { fusedLinear } from '../kernels/fused/linear.ts';
import { fusedMeanSquares, fusedSumOfSquares } from '../kernels/fused/mean-squares.ts';
import { fusedSegmentNetwork } from '../kernels/fused/segment-network.ts';
import { fusedSegmentSumLinear } from '../kernels/fused/segment-sum-linear.ts';
import { fusedGatedSegmentSum, fusedGather, fusedSegmentSum } from '../kernels/fused/segments.ts';
import { SHORTEST_SQUARED } from './composed-geometry.ts';
import { composedOps } from './composed-ops.ts';
import { gatedEdgeSumByLayers } from './gated-edge-sum.ts';
import type { LossSpec, ReducedLoss } from './loss-spec.ts';
import type { Activation, EdgeInput, GatedNetwork, LinearLayer, Ops } from './ops.ts';
import { segmentNetworkByLayers } from './segment-network.ts';

/**
 * Largest weight, in values, that our own products take. Against XNNPACK's, forward and backward need 0.5-0.6 of the time up to 12 x 12,
 * 0.7 at 128 x 128, 0.9 at 1024 x 1024 (2-core Xeon, Node 20); larger ones were not measured. Changing it is a change of numerics.
 */
const MAX_WEIGHT = 1024 * 1024;

/**
 * The implementation of Ops on our own wasm kernels: one pass where the composed one makes several. What it has no kernel for is composed,
 * by shape and activation only, so that equal calls give equal bits. Needs loadBackend('wasm'). Letters as in ops.ts.
 */
export function fusedOps(): Ops {
  const composed = composedOps();
  const activated = (activation: Activation, compute: (fused: FusedActivation) => Tensor): Tensor =>
    isFusedActivation(activation) ? compute(activation) : composed.activation(compute('Identity'), activation);
  const ops: Ops = {
    ...composed,
    linear(x, weight, bias, activation = 'Identity') {
      if (!isMatrix(x) || weight.size > MAX_WEIGHT) return composed.linear(x, weight, bias, activation);
      return activated(activation, (fused) => fusedLinear(x, weight, bias, fused));
    },
    edgeLinear(input, weight, bias, activation = 'Identity') {
      const edgeInput = fusedEdges(input);
      if (edgeInput === null) return composed.edgeLinear(input, weight, bias, activation);
      return activated(activation, (fused) => fusedEdgeLinear(edgeInput, { weight, bias, activation: fused }));
    },
    gather: (x, segments) => (isMatrix(x) ? fusedGather(x, segments) : composed.gather(x, segments)),
    segmentSum: (x, segments) => (isMatrix(x) ? fusedSegmentSum(x, segments) : composed.segmentSum(x, segments)),
    segmentSumLinear(x, weight, bias, segments) {
      if (!isMatrix(x) || weight.size > MAX_WEIGHT) return ops.segmentSum(ops.linear(x, weight, bias), segments);
      return fusedSegmentSumLinear(x, { weight, bias }, segments);
    },
    segmentNetwork(x, network, segments) {
      const before = fusedLayers(network.before);
      const after = fusedLayers(network.after);
      if (!isMatrix(x) || before === null || after === null) return segmentNetworkByLayers(ops, x, network, segments);
      return fusedSegmentNetwork(x, { before, after }, segments);
    },
    gatedSegmentSum: (x, gate, segments) =>
      isMatrix(x) ? fusedGatedSegmentSum(x, gate, segments) : composed.gatedSegmentSum(x, gate, segments),
    gatedEdgeSum(input, network) {
      const [edgeInput, layers] = [fusedEdges(input), fusedNetwork(network)];
      if (edgeInput === null || layers === null) return gatedEdgeSumByLayers(ops, input, network);
      return fusedGatedEdgeSum(edgeInput, layers);
    },
    concat: (parts) => (parts.every(isMatrix) ? fusedConcat(parts) : composed.concat(parts)),
    edgeVectors(coordinates, edges, cellShifts) {
      // Without an edge there is nothing to compute, and no memory to point at.
      if (edges[0].index.size === 0) return composed.edgeVectors(coordinates, edges, cellShifts);
      return fusedEdgeVectors(coordinates, edges, cellShifts);
    },
    loss(spec, data) {
      const { prediction, target } = data;
      if (!isMeanSquares(spec) || !haveOneShape(prediction, target)) return composed.loss(spec, data);
      const mean = fusedMeanSquares(prediction, target);
      return (spec.scale === 1 ? mean : composed.scaleAndShift(mean, spec.scale, 0)) as Scalar;
    },
    lossTerms(spec, data) {
      const { prediction, target } = data;
      if (!isMeanSquares(spec) || !haveOneShape(prediction, target)) return composed.lossTerms(spec, data);
      const sum = composed.scaleAndShift(fusedSumOfSquares(prediction, target), spec.scale, 0);
      return { combine: 'sum', means: [{ sum, count: scalar(prediction.size) }] };
    },
    mseLoss: (prediction, target) =>
      haveOneShape(prediction, target) ? (fusedMeanSquares(prediction, target) as Scalar) : composed.mseLoss(prediction, target),
    lengths: (vectors) => (isMatrix(vectors) ? fusedLengths(vectors, SHORTEST_SQUARED) : composed.lengths(vectors)),
  };
  return ops;
}

function fusedEdges({ edges, ...input }: EdgeInput): FusedEdges | null {
  return edges !== null && isMatrix(input.nodes) && isMatrix(edges) ? { ...input, edges } : null;
}

/** Null when a layer has an activation without a kernel, or is too large. */
function fusedNetwork({ messages, gate }: GatedNetwork): FusedNetwork | null {
  const network = { messages: fusedLayers(messages), gate: fusedLayers(gate) };
  if (network.messages === null || network.gate === null || messages.length === 0 || gate.length === 0) return null;
  return { messages: network.messages, gate: network.gate };
}

/** Null as above. */
function fusedLayers(layers: readonly LinearLayer[]): readonly GatedLayer[] | null {
  return layers.every(isFused) ? layers : null;
}

function isFused(layer: LinearLayer): layer is GatedLayer {
  return isFusedActivation(layer.activation) && layer.weight.size <= MAX_WEIGHT;
}

function isMeanSquares(spec: LossSpec): spec is ReducedLoss {
  return spec.kind === 'reduced' && spec.element.name === 'MSELoss' && spec.reduction === 'mean';
}

function haveOneShape(prediction: Tensor, target: Tensor): boolean {
  return isMatrix(prediction) && isMatrix(target) && prediction.shape.every((length, axis) => length === target.shape[axis]);
}

function isMatrix({ rank, dtype, size }: Tensor): boolean {
  return rank === 2 && dtype === 'float32' && size > 0;
}
