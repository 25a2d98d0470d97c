import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { runDifferentiable, type Save } from './differentiable.ts';
import type { FusedEdges } from './edge-products.ts';
import { gatedBackward } from './gated-backward.ts';
import { chainOf, type GatedChain, type GatedNetwork, parametersOf } from './gated-chain.ts';
import { applyLast, type Fold, findFold, foldChain, foldGradients, sumsGradients } from './gated-fold.ts';
import { gatedForward } from './gated-forward.ts';

/**
 * The sum of gate(m) * m over the edges of each first node, with the messages m: [n, C]. Blocks of edges go through all layers before the next ones do,
 * and a last layer of messages without activation is applied to the sums instead of to every edge (gated-fold.ts).
 */
export function fusedGatedEdgeSum(input: FusedEdges, network: GatedNetwork): Tensor {
  const chain = chainOf(network);
  const fold = findFold(chain);
  const computed = fold === null ? plain(input, chain) : folded(input, chain, fold);
  const edges = input.edgesAreConstant === true ? null : input.edges;
  return runDifferentiable({ inputs: { nodes: input.nodes, edges, ...parametersOf(chain.layers) }, ...computed });
}

interface Computed {
  readonly forward: (backend: WasmBackend, save: Save | null) => Tensor;
  readonly backward: (backend: WasmBackend, dy: Tensor, saved: readonly Tensor[]) => Readonly<Record<string, () => Tensor>>;
}

function plain(input: FusedEdges, chain: GatedChain): Computed {
  return {
    forward(backend, save) {
      const { sums, kept } = gatedForward(backend, { input, chain, keeps: save !== null });
      save?.(kept);
      return sums;
    },
    backward: (backend, dy, kept) => gatedBackward(backend, { input, chain, kept, dSums: dy, dGates: null }),
  };
}

function folded(input: FusedEdges, chain: GatedChain, fold: Fold): Computed {
  return {
    forward(backend, save) {
      const { sums, gates, kept } = gatedForward(backend, { input, chain: foldChain(backend, chain, fold), keeps: save !== null });
      save?.([sums, gates, fold.last.weight, fold.last.bias, fold.first.weight, ...kept]);
      return applyLast(backend, fold.last, { sums, gates });
    },
    backward(backend, dy, saved) {
      const [sums, gates, weight, bias, firstWeight, ...kept] = saved as readonly [Tensor, Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
      const last = { weight, bias };
      const inner = gatedBackward(backend, { input, chain: foldChain(null, chain, fold), kept, ...sumsGradients(backend, last, dy) });
      return foldGradients(backend, { fold, last, firstWeight, sums, gates, dy, inner });
    },
  };
}
