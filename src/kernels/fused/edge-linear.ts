import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { FUSED_ACTIVATIONS, type FusedActivation, gradientBeforeActivation } from './activation.ts';
import { newTensor, runDifferentiable } from './differentiable.ts';
import { type Matrix, multiply, multiplyTransposed, sumRows } from './products.ts';
import { callKernel, pointerOf, scratchFloats, wholeVectors } from './runtime.ts';
import { checkIndexes, type SegmentTensors, sumSegments } from './segments.ts';

/** What a linear layer over edges reads: nodes [n, C], edges [E, K], and the nodes at both ends of each edge. */
export interface FusedEdges {
  readonly nodes: Tensor;
  readonly edges: Tensor;
  readonly edgeIndex: readonly [SegmentTensors, SegmentTensors];
}

interface Layer {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly activation: FusedActivation;
}

/**
 * A linear layer over edges with its activation: weight [O, 2C + K], bias [O] or null -> [E, O]. Products with the nodes are taken once per
 * node, not once per edge: W . [h_i, h_j, x] = W_i h_i + W_j h_j + W_x x.
 */
export function fusedEdgeLinear(input: FusedEdges, layer: Layer): Tensor {
  const { nodes, edges, edgeIndex } = input;
  const { weight, bias, activation } = layer;
  return runDifferentiable({
    inputs: { nodes, edges, weight, bias },
    forward(backend, save) {
      const { y, slope } = compute(backend, input, layer);
      save([nodes, edges, weight, slope ?? y]);
      return y;
    },
    backward(backend, dy, saved) {
      const [nodes, edges, weight, slopeOrOutput] = saved as [Tensor, Tensor, Tensor, Tensor];
      const [columns = 0, seen = 0] = weight.shape;
      const [, nodeWidth = 0] = nodes.shape;
      const dz = gradientBeforeActivation(backend, activation, dy, slopeOrOutput); // [E, O]
      const dp = sumSegments(backend, dz, edgeIndex[0]); // [n, O]
      const dq = sumSegments(backend, dz, edgeIndex[1]); // [n, O]
      const parts = partsOf(backend, { nodes, edges, weight });
      return {
        nodes: () => {
          const dNodes = newTensor(backend, nodes.shape);
          multiply(backend, dp, transpose(parts.from), { to: dNodes });
          multiply(backend, dq, transpose(parts.to), { to: dNodes, add: true });
          return dNodes;
        },
        edges: () => {
          const dEdges = newTensor(backend, edges.shape);
          multiply(backend, dz, transpose(parts.edges), { to: dEdges });
          return dEdges;
        },
        weight: () => {
          const dw = newTensor(backend, [columns, seen]);
          const columnsFrom = (offset: number) => ({ pointer: pointerOf(backend, dw, offset), stride: seen });
          multiplyTransposed(backend, dp, nodes, columnsFrom(0));
          multiplyTransposed(backend, dq, nodes, columnsFrom(nodeWidth));
          multiplyTransposed(backend, dz, edges, columnsFrom(2 * nodeWidth));
          return dw;
        },
        bias: () => sumRows(backend, dp),
      };
    },
  });
}

function compute(backend: WasmBackend, { nodes, edges, edgeIndex: [from, to] }: FusedEdges, { weight, bias, activation }: Layer) {
  const [count = 0] = nodes.shape;
  const [entries = 0, width = 0] = edges.shape;
  const [columns = 0] = weight.shape;
  const stride = wholeVectors(columns);
  const parts = partsOf(backend, { nodes, edges, weight });
  const p = newTensor(backend, [count, stride]); // W_i h + b
  const q = newTensor(backend, [count, stride]); // W_j h
  multiply(backend, nodes, parts.from, { to: p, stride, bias });
  multiply(backend, nodes, parts.to, { to: q, stride });
  const y = newTensor(backend, [entries, columns]);
  const slope = activation === 'SiLU' ? newTensor(backend, [entries, columns]) : null;
  const w = scratchFloats(backend, width * stride);
  const { pointer, rowStride, columnStride } = parts.edges;
  callKernel(backend, 'copyPadded', width, columns, pointer, rowStride, columnStride, w, stride);
  const sizes = [entries, count, columns, width, stride];
  const kind = FUSED_ACTIVATIONS[activation];
  const status = callKernel(backend, 'edgeCombine', ...sizes, p, q, from.index, to.index, edges, w, kind, y, slope);
  checkIndexes('edgeLinear', status, count);
  return { y, slope };
}

/** W_i, W_j and W_x as [in, out] matrices: what rows are multiplied by. */
function partsOf(
  backend: WasmBackend,
  { nodes, edges, weight }: { readonly nodes: Tensor; readonly edges: Tensor; readonly weight: Tensor },
) {
  const [columns = 0, rowStride = 0] = weight.shape;
  const [, nodeWidth = 0] = nodes.shape;
  const [, edgeWidth = 0] = edges.shape;
  const part = (offset: number, depth: number): Matrix => ({
    pointer: pointerOf(backend, weight, offset),
    depth,
    columns,
    rowStride: 1,
    columnStride: rowStride,
  });
  return { from: part(0, nodeWidth), to: part(nodeWidth, nodeWidth), edges: part(2 * nodeWidth, edgeWidth) };
}

function transpose({ pointer, depth, columns, rowStride, columnStride }: Matrix): Matrix {
  return { pointer, depth: columns, columns: depth, rowStride: columnStride, columnStride: rowStride };
}
