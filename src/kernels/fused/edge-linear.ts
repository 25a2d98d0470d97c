import { registerGradient, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import { type KernelCall, release, replaceKernel, type WasmBackend } from '../wasm/heap.ts';
import { FUSED_ACTIVATIONS, type FusedActivation, gradientBeforeActivation } from './activation.ts';
import { activeBackend, type Matrix, multiply, multiplyTransposed, sumRows, toTensor } from './products.ts';
import { callKernel, pointerOf, scratchFloats, wholeVectors } from './runtime.ts';
import { checkIndexes, type SegmentTensors, sumSegments } from './segments.ts';

/**
 * Kernel name of a linear layer over edges: nodes [n, C], edges [E, K], weight [O, 2C + K], bias [O] -> y [E, O] and, for SiLU, its
 * slope [E, O]. Products with the nodes are taken once per node, not once per edge: W . [h_i, h_j, x] = W_i h_i + W_j h_j + W_x x.
 */
export const FUSED_EDGE_LINEAR = 'RootstockEdgeLinear';

interface EdgeInputs {
  readonly nodes: TensorInfo;
  readonly edges: TensorInfo;
  readonly weight: TensorInfo;
  readonly bias?: TensorInfo;
}

interface EdgeAttributes {
  readonly activation: FusedActivation;
  readonly from: SegmentTensors;
  readonly to: SegmentTensors;
}

/** Registers the linear layer over edges and its gradient. */
export function installEdgeLinear(): void {
  replaceKernel(FUSED_EDGE_LINEAR, edgeLinear);
  registerGradient({
    kernelName: FUSED_EDGE_LINEAR,
    inputsToSave: ['nodes', 'edges', 'weight'],
    outputsToSave: [true, true],
    gradFunc: (dy, saved, attrs) => edgeLinearGradient(dy, saved, attrs as unknown as EdgeAttributes),
  });
}

function edgeLinear({ inputs, attrs, backend }: KernelCall<EdgeInputs, EdgeAttributes>): TensorInfo[] {
  const { nodes, edges, weight, bias = null } = inputs;
  const { activation, from, to } = attrs;
  const [count = 0] = nodes.shape;
  const [entries = 0, width = 0] = edges.shape;
  const [columns = 0] = weight.shape;
  const stride = wholeVectors(columns);
  const parts = transposedParts(backend, { nodes, edges, weight });
  const p = backend.makeOutput([count, stride], 'float32'); // W_i h + b
  const q = backend.makeOutput([count, stride], 'float32'); // W_j h
  multiply(backend, nodes, parts.from, { to: p, stride, bias });
  multiply(backend, nodes, parts.to, { to: q, stride });
  const y = backend.makeOutput([entries, columns], 'float32');
  const slope = activation === 'SiLU' ? backend.makeOutput([entries, columns], 'float32') : null;
  const w = scratchFloats(backend, width * stride);
  const { pointer, rowStride, columnStride } = parts.edges;
  callKernel(backend, 'copyPadded', width, columns, pointer, rowStride, columnStride, w, stride);
  const sizes = [entries, count, columns, width, stride];
  const kind = FUSED_ACTIVATIONS[activation];
  const status = callKernel(backend, 'edgeCombine', ...sizes, p, q, from.index, to.index, edges, w, kind, y, slope);
  release(backend, p, q);
  checkIndexes('edgeLinear', status, count);
  return slope === null ? [y] : [y, slope];
}

function edgeLinearGradient(dys: Tensor | Tensor[], saved: readonly Tensor[], { activation, from, to }: EdgeAttributes) {
  const backend = activeBackend();
  const [nodes, edges, weight, ...outputs] = saved as [Tensor, Tensor, Tensor, ...Tensor[]];
  const [columns = 0, seen = 0] = weight.shape;
  const [, nodeWidth = 0] = nodes.shape;
  const dy = Array.isArray(dys) ? (dys[0] as Tensor) : dys;
  const dz = gradientBeforeActivation(backend, activation, dy, outputs); // [E, O]
  const dp = toTensor(sumSegments(backend, dz, from)); // [n, O]
  const dq = toTensor(sumSegments(backend, dz, to)); // [n, O]
  const parts = transposedParts(backend, { nodes, edges, weight });
  return {
    nodes: () => {
      const dNodes = backend.makeOutput(nodes.shape, 'float32');
      multiply(backend, dp, transpose(parts.from), { to: dNodes });
      multiply(backend, dq, transpose(parts.to), { to: dNodes, add: true });
      return toTensor(dNodes);
    },
    edges: () => {
      const dEdges = backend.makeOutput(edges.shape, 'float32');
      multiply(backend, dz, transpose(parts.edges), { to: dEdges });
      return toTensor(dEdges);
    },
    weight: () => {
      const dw = backend.makeOutput([columns, seen], 'float32');
      const columnsFrom = (offset: number) => ({ pointer: pointerOf(backend, dw, offset), stride: seen });
      multiplyTransposed(backend, dp, nodes, columnsFrom(0));
      multiplyTransposed(backend, dq, nodes, columnsFrom(nodeWidth));
      multiplyTransposed(backend, dz, edges, columnsFrom(2 * nodeWidth));
      return toTensor(dw);
    },
    bias: () => sumRows(backend, dp),
  };
}

/** W_i, W_j and W_x as [in, out] matrices: what rows are multiplied by. */
function transposedParts(backend: WasmBackend, { nodes, edges, weight }: Omit<EdgeInputs, 'bias'>) {
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
