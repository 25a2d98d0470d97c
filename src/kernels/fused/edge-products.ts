import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { FUSED_ACTIVATIONS, type FusedActivation } from './activation.ts';
import { newTensor } from './differentiable.ts';
import { type Matrix, multiply, multiplyTransposed, sumRows, transposed } from './products.ts';
import { callKernel, kernelsOf, pointerOf, wholeVectors } from './runtime.ts';
import { checkIndexes, type SegmentTensors } from './segments.ts';

/** What a linear layer over edges reads: nodes [n, C], edges [E, K], and the nodes at both ends of each edge. */
export interface FusedEdges {
  readonly nodes: Tensor;
  readonly edges: Tensor;
  readonly edgeIndex: readonly [SegmentTensors, SegmentTensors];
  /** Whether nobody asks for the gradient of `edges`. */
  readonly edgesAreConstant?: boolean;
}

/** A linear layer with its activation: weight [O, I], bias [O] or null. */
export interface FusedLayer {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly activation: FusedActivation;
}

/**
 * What remains to be done for each edge once the products with the nodes are there: W . [h_i, h_j, x] = W_i h_i + W_j h_j + W_x x, so that they are taken
 * once per node, not once per edge. Writes activation(...) of `count` edges from `first` on to `y`, and SiLU's slope to `slope` (0: not wanted): byte
 * offsets in memory.
 */
export type CombineEdges = (first: number, count: number, y: number, slope: number) => void;

/** Floats of working memory that `combineEdges` needs. */
export function combineFloats({ edges }: FusedEdges, { weight }: FusedLayer): number {
  return (edges.shape[1] ?? 0) * wholeVectors(weight.shape[0] ?? 0);
}

/** Multiplies the nodes: [n, O rounded up to whole vectors] for the first and for the second node of an edge. The bias is in the first. */
export function multiplyNodes(backend: WasmBackend, { nodes, edges }: FusedEdges, { weight, bias }: FusedLayer): readonly [Tensor, Tensor] {
  const stride = wholeVectors(weight.shape[0] ?? 0);
  const parts = partsOf(backend, { nodes, edges, weight });
  const products = [newTensor(backend, [nodes.shape[0] ?? 0, stride]), newTensor(backend, [nodes.shape[0] ?? 0, stride])] as const;
  multiply(backend, nodes, parts.from, { to: products[0], stride, bias });
  multiply(backend, nodes, parts.to, { to: products[1], stride });
  return products;
}

/** Prepares the rest of a layer; `products` are those of `multiplyNodes`, `memory` is working memory of `combineFloats`, in use as long as the result is. */
export function combineEdges(
  backend: WasmBackend,
  { nodes, edges, edgeIndex: [from, to] }: FusedEdges,
  { weight, activation }: FusedLayer,
  { products, memory }: { readonly products: readonly [Tensor, Tensor]; readonly memory: number },
): CombineEdges {
  const [count = 0] = nodes.shape;
  const [, width = 0] = edges.shape;
  const [columns = 0] = weight.shape;
  const stride = wholeVectors(columns);
  const { pointer, rowStride, columnStride } = partsOf(backend, { nodes, edges, weight }).edges;
  callKernel(backend, 'copyPadded', width, columns, pointer, rowStride, columnStride, memory, stride);
  const { edgeCombine } = kernelsOf(backend);
  const [p, q, i, j, x] = [products[0], products[1], from.index, to.index, edges].map((tensor) => pointerOf(backend, tensor)) as Places;
  const kind = FUSED_ACTIVATIONS[activation];
  return (first, entries, y, slope) => {
    const [ends, seen] = [4 * first, x + 4 * first * width];
    const status = edgeCombine(entries, count, columns, width, stride, p, q, i + ends, j + ends, seen, memory, kind, y, slope);
    checkIndexes('edges', status, count);
  };
}

type Places = [number, number, number, number, number];

/** What the gradients of a layer over edges follow from. */
export interface EdgeLinearBack {
  /** [n, O] the gradients before the activation, summed by first and by second node. */
  readonly dp: Tensor;
  readonly dq: Tensor;
  /** [E, O] those gradients; null where nobody asks for that of the edges. */
  readonly dz: Tensor | null;
  /** [O, K] the gradient of W_x. */
  readonly edgeWeight: () => Tensor;
}

/** The gradients of a layer over edges; that of edges only with dz. */
export function edgeLinearGradients(
  backend: WasmBackend,
  { nodes, edges, weight }: Pick<FusedEdges, 'nodes' | 'edges'> & { readonly weight: Tensor },
  { dp, dq, dz, edgeWeight }: EdgeLinearBack,
): Readonly<Record<'nodes' | 'weight' | 'bias', () => Tensor>> & { readonly edges?: () => Tensor } {
  const [columns = 0, seen = 0] = weight.shape;
  const [, nodeWidth = 0] = nodes.shape;
  const parts = partsOf(backend, { nodes, edges, weight });
  const dEdges = (ofEdges: Tensor) => () => {
    const result = newTensor(backend, edges.shape);
    multiply(backend, ofEdges, transposed(parts.edges), { to: result });
    return result;
  };
  return {
    nodes: () => {
      const dNodes = newTensor(backend, nodes.shape);
      multiply(backend, dp, transposed(parts.from), { to: dNodes });
      multiply(backend, dq, transposed(parts.to), { to: dNodes, add: true });
      return dNodes;
    },
    ...(dz === null ? {} : { edges: dEdges(dz) }),
    weight: () => {
      const dw = newTensor(backend, [columns, seen]);
      const columnsFrom = (offset: number) => ({ pointer: pointerOf(backend, dw, offset), stride: seen });
      multiplyTransposed(backend, dp, nodes, columnsFrom(0));
      multiplyTransposed(backend, dq, nodes, columnsFrom(nodeWidth));
      const { pointer, stride } = columnsFrom(2 * nodeWidth);
      const width = seen - 2 * nodeWidth;
      callKernel(backend, 'copyColumns', columns, width, edgeWeight(), width, pointer, stride);
      return dw;
    },
    bias: () => sumRows(backend, dp),
  };
}

/** [O, K] the gradient of W_x from the gradients before the activation [E, O]. */
export function edgeWeightGradient(backend: WasmBackend, dz: Tensor, edges: Tensor): Tensor {
  const [, columns = 0] = dz.shape;
  const [, width = 0] = edges.shape;
  const gradient = newTensor(backend, [columns, width]);
  multiplyTransposed(backend, dz, edges, { pointer: pointerOf(backend, gradient), stride: width });
  return gradient;
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
