import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { newTensor } from './differentiable.ts';
import { combineEdges, combineFloats, type FusedEdges, multiplyNodes } from './edge-products.ts';
import {
  BLOCK,
  type GatedChain,
  type KeptRows,
  keptFloats,
  keptRows,
  type NamedLayer,
  overBlocks,
  reusedRows,
  rowsOf,
  sizesOf,
  zeros,
} from './gated-chain.ts';
import { linearStep, packedFloats } from './linear-step.ts';
import { kernelsOf, pointerOf, scratchAreas } from './runtime.ts';

/** What a forward pass is given. */
export interface GatedForward {
  readonly input: FusedEdges;
  readonly chain: GatedChain;
  /** False: nothing will be differentiated, so that no layer is kept beyond a block. */
  readonly keeps: boolean;
}

/** What a forward pass gives. */
export interface GatedSums {
  /** [n, C] the sum of gate * message over the edges of each first node. */
  readonly sums: Tensor;
  /** [n, 1] the sum of the gates. */
  readonly gates: Tensor;
  /** Nodes, edges, the outputs of all layers (`keptRows`), and the weight of each; empty unless it `keeps`. */
  readonly kept: readonly Tensor[];
}

/** Computes the sums, block by block. */
export function gatedForward(backend: WasmBackend, { input, chain, keeps }: GatedForward): GatedSums {
  const { nodes, edges, edgeIndex } = input;
  const { layers, tap } = chain;
  const [entries = 0] = edges.shape;
  const [nodeCount = 0] = nodes.shape;
  const [first, ...others] = layers as readonly [NamedLayer, ...NamedLayer[]];
  const [width] = sizesOf(layers[tap] as NamedLayer);
  const [sums, gates] = [zeros(backend, [nodeCount, width]), zeros(backend, [nodeCount, 1])];
  const products = multiplyNodes(backend, input, first);
  const outputs = keeps ? newTensor(backend, [keptFloats(chain, entries)]) : null;
  const areas = scratchAreas(backend, [
    combineFloats(input, first),
    ...others.map(packedFloats),
    ...(outputs === null ? layers.map((layer) => BLOCK * sizesOf(layer)[0]) : []),
  ]);
  const combine = combineEdges(backend, input, first, { products, memory: areas[0] as number });
  const steps = others.map((layer, index) => linearStep(backend, layer, areas[index + 1] as number));
  const places =
    outputs === null
      ? areas.slice(layers.length).map((area) => ({ y: reusedRows(area), slope: null }))
      : keptRows(chain, entries, pointerOf(backend, outputs));
  const { addGatedToSegments, addToSegments } = kernelsOf(backend);
  const from = rowsOf(backend, edgeIndex[0].index);
  const [sumsStart, gatesStart] = [pointerOf(backend, sums), pointerOf(backend, gates)];
  const message = places[tap] as KeptRows;
  overBlocks(entries, (edge, count) => {
    let last = places[0] as KeptRows;
    combine(edge, count, last.y(edge), last.slope?.(edge) ?? 0);
    for (const [index, step] of steps.entries()) {
      const next = places[index + 1] as KeptRows;
      step(count, last.y(edge), next.y(edge), next.slope?.(edge) ?? 0);
      last = next;
    }
    addGatedToSegments(count, width, message.y(edge), last.y(edge), from(edge), sumsStart);
    addToSegments(count, 1, last.y(edge), from(edge), gatesStart);
  });
  return { sums, gates, kept: outputs === null ? [] : [nodes, edges, outputs, ...layers.map(({ weight }) => weight)] };
}
