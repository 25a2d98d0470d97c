import type { Tensor } from '@tensorflow/tfjs-core';
import { gradientBeforeActivation } from './activation.ts';
import { newTensor, runDifferentiable } from './differentiable.ts';
import {
  combineEdges,
  combineFloats,
  edgeLinearGradients,
  edgeWeightGradient,
  type FusedEdges,
  type FusedLayer,
  multiplyNodes,
} from './edge-products.ts';
import { pointerOf, scratchFloats } from './runtime.ts';
import { sumSegments } from './segments.ts';

/** A linear layer over edges with its activation: weight [O, 2C + K], bias [O] or null -> [E, O]. */
export function fusedEdgeLinear(input: FusedEdges, layer: FusedLayer): Tensor {
  const { nodes, edges, edgeIndex } = input;
  const { weight, bias, activation } = layer;
  const [entries = 0] = edges.shape;
  const [columns = 0] = weight.shape;
  return runDifferentiable({
    inputs: { nodes, edges, weight, bias },
    forward(backend, save) {
      const products = multiplyNodes(backend, input, layer);
      const y = newTensor(backend, [entries, columns]);
      const slope = activation === 'SiLU' && save !== null ? newTensor(backend, [entries, columns]) : null;
      const combine = combineEdges(backend, input, layer, { products, memory: scratchFloats(backend, combineFloats(input, layer)) });
      combine(0, entries, pointerOf(backend, y), slope === null ? 0 : pointerOf(backend, slope));
      save?.([nodes, edges, weight, slope ?? y]);
      return y;
    },
    backward(backend, dy, saved) {
      const [nodes, edges, weight, slopeOrOutput] = saved as [Tensor, Tensor, Tensor, Tensor];
      const dz = gradientBeforeActivation(backend, activation, dy, slopeOrOutput); // [E, O]
      const dp = sumSegments(backend, dz, edgeIndex[0]); // [n, O]
      const dq = sumSegments(backend, dz, edgeIndex[1]); // [n, O]
      const edgeWeight = () => edgeWeightGradient(backend, dz, edges);
      return { ...edgeLinearGradients(backend, { nodes, edges, weight }, { dp, dq, dz, edgeWeight }) };
    },
  });
}
