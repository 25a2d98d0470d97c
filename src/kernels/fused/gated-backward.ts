import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { FUSED_ACTIVATIONS } from './activation.ts';
import { newTensor } from './differentiable.ts';
import { edgeLinearGradients, type FusedEdges } from './edge-products.ts';
import {
  BLOCK,
  type GatedChain,
  type KeptRows,
  keptRows,
  type NamedLayer,
  overBlocks,
  type Rows,
  reusedRows,
  rowsOf,
  savedRows,
  sizesOf,
  zeros,
} from './gated-chain.ts';
import { type LayerBack, layerBack, layerBackFloats } from './gated-layer-back.ts';
import type { Gradients, MutableGradients } from './layer-back.ts';
import { kernelsOf, pointerOf, scratchAreas } from './runtime.ts';
import { paddedFloats, weightSums, weightSumsFloats } from './weight-sums.ts';

/** What a backward pass is given. */
export interface GatedBackward {
  readonly input: FusedEdges;
  readonly chain: GatedChain;
  /** What the forward pass kept; weights are read from here, not from the chain. */
  readonly kept: readonly Tensor[];
  /** [n, C] the gradient of the sums. */
  readonly dSums: Tensor;
  /** [n, 1] that of the sums of gates; null: 0. */
  readonly dGates: Tensor | null;
}

/** Computes the gradients of `nodes`, `edges` (unless they are constant), and of `<name>.weight` and `<name>.bias` of each layer that is not frozen. */
export function gatedBackward(backend: WasmBackend, { input, chain, kept, dSums, dGates }: GatedBackward): Gradients {
  const [nodes, edges, outputs, ...weights] = kept as readonly [Tensor, Tensor, Tensor, ...Tensor[]];
  const layers = chain.layers.map((layer, index) => ({ ...layer, weight: weights[index] as Tensor }));
  const [first, ...others] = layers as [NamedLayer, ...NamedLayer[]];
  const [from, to] = input.edgeIndex;
  const [entries = 0, width = 0] = edges.shape;
  const [columns] = sizesOf(first);
  const dz = input.edgesAreConstant === true ? null : newTensor(backend, [entries, columns]);
  const [dp, dq] = [zeros(backend, [from.count, columns]), zeros(backend, [to.count, columns])];
  const widest = Math.max(...layers.flatMap((layer) => sizesOf(layer)), width);
  const [left = 0, right = 0, messages = 0, last = 0, padded = 0, edgeMemory = 0, ...areas] = scratchAreas(backend, [
    ...Array.from({ length: 4 }, () => BLOCK * widest),
    paddedFloats(widest, widest),
    weightSumsFloats(columns, width),
    ...others.flatMap(layerBackFloats),
  ]);
  const places = keptRows({ layers }, entries, pointerOf(backend, outputs));
  const edgeSums = weightSums(backend, [columns, width], { memory: edgeMemory, padded });
  const back = others.map((layer, index) =>
    layerBack(backend, layer, {
      x: (places[index] as KeptRows).y,
      saved: savedRows(places[index + 1] as KeptRows),
      areas: areas.slice(3 * index, 3 * index + 3),
      padded,
    }),
  );
  // Where the gradient of each layer's output lies: two areas in turn, but the messages and the first layer have places of their own.
  const dzRows = dz === null ? reusedRows(last) : rowsOf(backend, dz);
  const gradientAt = layers.map(
    (_, index): Rows => (index === 0 ? dzRows : reusedRows(index === chain.tap ? messages : index % 2 === 0 ? left : right)),
  );
  const { activationGradient, addToSegments, gatedGradients } = kernelsOf(backend);
  const [message, gate, begin] = [places[chain.tap], places.at(-1), places[0]] as [KeptRows, KeptRows, KeptRows];
  const [x, i, j] = [rowsOf(backend, edges), rowsOf(backend, from.index), rowsOf(backend, to.index)];
  const [sums, gateSums, dpStart, dqStart] = [dSums, dGates, dp, dq].map((tensor) =>
    tensor === null ? 0 : pointerOf(backend, tensor),
  ) as Starts;
  const kind = FUSED_ACTIVATIONS[first.activation];
  const messageWidth = sizesOf(layers[chain.tap] as NamedLayer)[0];
  overBlocks(entries, (edge, count) => {
    const at = (index: number) => (gradientAt[index] as Rows)(edge);
    const [dm, dgate] = [at(chain.tap), at(layers.length - 1)];
    gatedGradients(count, messageWidth, message.y(edge), gate.y(edge), sums, i(edge), gateSums, dm, dgate);
    for (let index = layers.length - 1; index > 0; index--) {
      (back[index - 1] as LayerBack).block({ edge, count, dy: at(index), dx: at(index - 1), adds: index - 1 === chain.tap });
    }
    const dzBlock = dzRows(edge);
    if (kind !== FUSED_ACTIVATIONS.Identity) activationGradient(kind, count * columns, dzBlock, savedRows(begin)(edge), dzBlock);
    addToSegments(count, columns, dzBlock, i(edge), dpStart);
    addToSegments(count, columns, dzBlock, j(edge), dqStart);
    if (!first.frozen) edgeSums.add(count, dzBlock, x(edge));
  });
  const inner: MutableGradients = {};
  for (const layer of back) layer.addGradients(inner);
  const edgeWeight = newTensor(backend, [columns, width]);
  edgeSums.copyTo({ pointer: pointerOf(backend, edgeWeight), stride: width });
  const { weight, bias, ...outer } = edgeLinearGradients(
    backend,
    { nodes, edges, weight: first.weight },
    { dp, dq, dz, edgeWeight: () => edgeWeight },
  );
  const own = first.frozen ? {} : { [`${first.name}.weight`]: weight, [`${first.name}.bias`]: bias };
  return Object.assign({}, outer, own, inner) as Gradients;
}

type Starts = [number, number, number, number];
