import { engine, type Tensor } from '@tensorflow/tfjs-core';
import { isFusedActivation } from '../kernels/fused/activation.ts';
import { FUSED_EDGE_LINEAR } from '../kernels/fused/edge-linear.ts';
import { FUSED_LINEAR } from '../kernels/fused/linear.ts';
import { FUSED_GATED_SEGMENT_SUM, FUSED_GATHER, FUSED_SEGMENT_SUM } from '../kernels/fused/segments.ts';
import { composedOps } from './composed-ops.ts';
import type { Activation, Ops } from './ops.ts';

/**
 * Largest weight, in values, for which our own product beats XNNPACK's.
 */
const MAX_WEIGHT = 128 * 128;

/**
 * The implementation of Ops on our own wasm kernels: one pass where the composed one makes several. What it has no kernel for is composed,
 * by shape and activation only, so that equal calls give equal bits. Needs loadBackend('wasm'). Letters as in ops.ts.
 */
export function fusedOps(): Ops {
  const composed = composedOps();
  const run = (name: string, inputs: Readonly<Record<string, Tensor>>, attrs: object = {}): Tensor => {
    const result: Tensor | Tensor[] = engine().runKernel(name, { ...inputs }, { ...attrs });
    return Array.isArray(result) ? (result[0] as Tensor) : result;
  };
  const activated = (activation: Activation, compute: (fused: Activation) => Tensor): Tensor =>
    isFusedActivation(activation) ? compute(activation) : composed.activation(compute('Identity'), activation);
  return {
    ...composed,
    linear(x, weight, bias, activation = 'Identity') {
      if (!isMatrix(x) || weight.size > MAX_WEIGHT) return composed.linear(x, weight, bias, activation);
      return activated(activation, (fused) => run(FUSED_LINEAR, { x, weight, ...optional({ bias }) }, { activation: fused }));
    },
    edgeLinear(input, weight, bias, activation = 'Identity') {
      const { nodes, edges, edgeIndex } = input;
      if (edges === null || !isMatrix(nodes) || !isMatrix(edges)) return composed.edgeLinear(input, weight, bias, activation);
      const attrs = { from: edgeIndex[0], to: edgeIndex[1] };
      return activated(activation, (fused) =>
        run(FUSED_EDGE_LINEAR, { nodes, edges, weight, ...optional({ bias }) }, { ...attrs, activation: fused }),
      );
    },
    gather: (x, segments) => (isMatrix(x) ? run(FUSED_GATHER, { x }, { segments }) : composed.gather(x, segments)),
    segmentSum: (x, segments) => (isMatrix(x) ? run(FUSED_SEGMENT_SUM, { x }, { segments }) : composed.segmentSum(x, segments)),
    gatedSegmentSum: (x, gate, segments) =>
      isMatrix(x) ? run(FUSED_GATED_SEGMENT_SUM, { x, gate }, { segments }) : composed.gatedSegmentSum(x, gate, segments),
  };
}

function isMatrix({ rank, dtype, size }: Tensor): boolean {
  return rank === 2 && dtype === 'float32' && size > 0;
}

function optional(inputs: Readonly<Record<string, Tensor | null>>): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(Object.entries(inputs).filter((entry): entry is [string, Tensor] => entry[1] !== null));
}
