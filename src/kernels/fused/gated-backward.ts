import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { FUSED_ACTIVATIONS } from './activation.ts';
import { newTensor } from './differentiable.ts';
import { edgeLinearGradients, type FusedEdges } from './edge-products.ts';
import { BLOCK, type GatedChain, type NamedLayer, overBlocks, type Rows, reusedRows, rowsOf, sizesOf, zeros } from './gated-chain.ts';
import { kernelsOf, pointerOf, scratchAreas, wholeVectors } from './runtime.ts';

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

/** Computes the gradients of `nodes`, `edges`, and of `<name>.weight` and `<name>.bias` of each layer that is not frozen. */
export function gatedBackward(backend: WasmBackend, { input, chain, kept, dSums, dGates }: GatedBackward): Gradients {
  const [nodes, edges, ...rest] = kept as readonly [Tensor, Tensor, ...Tensor[]];
  const layers = chain.layers.map((layer, index): SavedLayer => {
    const [weight, y, slopeOrOutput] = rest.slice(3 * index, 3 * index + 3) as [Tensor, Tensor, Tensor];
    return { ...layer, weight, y, slopeOrOutput };
  });
  const first = layers[0] as SavedLayer;
  const { edgeIndex } = input;
  const [entries = 0] = edges.shape;
  const [columns] = sizesOf(first);
  const dz = newTensor(backend, [entries, columns]);
  const dp = zeros(backend, [edgeIndex[0].count, columns]);
  const dq = zeros(backend, [edgeIndex[1].count, columns]);
  const chainBack = backThroughLayers(backend, { ...input, layers, tap: chain.tap, dSums, dGates, dz });
  const { addToSegments } = kernelsOf(backend);
  const [dzRows, from, to] = [rowsOf(backend, dz), rowsOf(backend, edgeIndex[0].index), rowsOf(backend, edgeIndex[1].index)];
  const [dpStart, dqStart] = [pointerOf(backend, dp), pointerOf(backend, dq)];
  overBlocks(entries, (edge, count) => {
    chainBack.block(edge, count);
    addToSegments(count, columns, dzRows(edge), from(edge), dpStart);
    addToSegments(count, columns, dzRows(edge), to(edge), dqStart);
  });
  const { weight, bias, ...outer } = edgeLinearGradients(backend, { nodes, edges, weight: first.weight }, { dz, dp, dq });
  return {
    ...outer,
    ...(first.frozen ? {} : { [`${first.name}.weight`]: weight, [`${first.name}.bias`]: bias }),
    ...chainBack.gradients(),
  };
}

/** Gradients by the name of the input, each computed when it is asked for. */
export type Gradients = Readonly<Record<string, () => Tensor>>;

interface SavedLayer extends NamedLayer {
  /** [E, O] */
  readonly y: Tensor;
  /** [E, O] */
  readonly slopeOrOutput: Tensor;
}

interface LayersInput extends FusedEdges {
  readonly layers: readonly SavedLayer[];
  readonly tap: number;
  readonly dSums: Tensor;
  readonly dGates: Tensor | null;
  /** [E, O] takes the gradient before the activation of the first layer. */
  readonly dz: Tensor;
}

/** Goes back through all layers, block by block, and sums the gradients of weights and biases on the way. */
function backThroughLayers(backend: WasmBackend, { edgeIndex, layers, tap, dSums, dGates, dz }: LayersInput) {
  const { activationGradient, gatedRows, rowProducts } = kernelsOf(backend);
  const widest = Math.max(...layers.flatMap((layer) => sizesOf(layer)));
  const [, ...others] = layers as readonly [SavedLayer, ...SavedLayer[]];
  const [left = 0, right = 0, messages = 0, padded = 0, ...areas] = scratchAreas(backend, [
    BLOCK * widest,
    BLOCK * widest,
    BLOCK * widest,
    BLOCK * wholeVectors(widest),
    ...others.flatMap(stepFloats),
  ]);
  const steps = others.map((layer, index) =>
    stepBack(backend, { layer, before: (layers[index] as SavedLayer).y, padded, areas: areas.slice(3 * index, 3 * index + 3) }),
  );
  const first = layers[0] as SavedLayer;
  const [width] = sizesOf(layers[tap] as SavedLayer);
  const rows = (tensor: Tensor) => rowsOf(backend, tensor);
  const [dzRows, from] = [rows(dz), rows(edgeIndex[0].index)];
  const [m, gates, saved] = [rows((layers[tap] as SavedLayer).y), rows((layers.at(-1) as SavedLayer).y), rows(first.slopeOrOutput)];
  const [sums, gateSums] = [pointerOf(backend, dSums), dGates === null ? 0 : pointerOf(backend, dGates)];
  // Where the gradient of each layer's output lies: two areas in turn, but the messages and the first layer have places of their own.
  const places = layers.map(
    (_, index): Rows => (index === 0 ? dzRows : reusedRows(index === tap ? messages : index % 2 === 0 ? left : right)),
  );
  const kind = FUSED_ACTIVATIONS[first.activation];
  const [columns] = sizesOf(first);
  return {
    block(edge: number, count: number) {
      const at = (index: number) => (places[index] as Rows)(edge);
      gatedRows(count, width, gates(edge), sums, from(edge), at(tap));
      rowProducts(count, width, m(edge), sums, from(edge), gateSums, at(layers.length - 1));
      for (let index = layers.length - 1; index > 0; index--) {
        (steps[index - 1] as StepBack).block({ edge, count, dy: at(index), dx: at(index - 1), adds: index - 1 === tap });
      }
      if (kind !== FUSED_ACTIVATIONS.Identity) activationGradient(kind, count * columns, dzRows(edge), saved(edge), dzRows(edge));
    },
    /** Working memory is read here: to be called before anything else takes it. */
    gradients: () => Object.assign({}, ...steps.map((step) => step.gradients())) as Gradients,
  };
}

interface StepBack {
  /** dy of the layer's output is overwritten; dx takes the gradient of its input, or what is there is added to. */
  block(at: { readonly edge: number; readonly count: number; readonly dy: number; readonly dx: number; readonly adds: boolean }): void;
  gradients(): Gradients;
}

/** The weight as products read it, and the sums of both gradients. */
function stepFloats({ weight }: SavedLayer): readonly [number, number, number] {
  const [outputs, inputs] = sizesOf({ weight });
  return [(outputs + 1) * wholeVectors(inputs), outputs * wholeVectors(inputs), outputs];
}

interface StepInput {
  readonly layer: SavedLayer;
  /** [E, I] what the layer read. */
  readonly before: Tensor;
  readonly padded: number;
  readonly areas: readonly number[];
}

function stepBack(backend: WasmBackend, { layer, before, padded, areas: [packed = 0, weightSums = 0, biasSums = 0] }: StepInput): StepBack {
  const { activationGradient, addColumnSums, addTransposedProducts, clear, copyColumns, multiply, pack } = kernelsOf(backend);
  const { name, weight, bias, activation, frozen, slopeOrOutput } = layer;
  const [outputs, inputs] = sizesOf(layer);
  const kind = FUSED_ACTIVATIONS[activation];
  const [x, saved] = [rowsOf(backend, before), rowsOf(backend, slopeOrOutput)];
  pack(outputs, inputs, pointerOf(backend, weight), inputs, 1, 0, packed);
  clear(outputs * wholeVectors(inputs), weightSums);
  clear(outputs, biasSums);
  return {
    block({ edge, count, dy, dx, adds }) {
      if (kind !== FUSED_ACTIVATIONS.Identity) activationGradient(kind, count * outputs, dy, saved(edge), dy);
      if (!frozen) {
        addTransposedProducts(count, outputs, inputs, dy, outputs, x(edge), inputs, weightSums, padded);
        addColumnSums(count, outputs, dy, outputs, biasSums);
      }
      multiply(count, inputs, outputs, dy, outputs, packed, dx, inputs, adds ? 1 : 0);
    },
    gradients() {
      if (frozen) return {};
      const dw = newTensor(backend, [outputs, inputs]);
      copyColumns(outputs, inputs, weightSums, wholeVectors(inputs), pointerOf(backend, dw), inputs);
      const db = newTensor(backend, [outputs]);
      copyColumns(1, outputs, biasSums, outputs, pointerOf(backend, db), outputs);
      return { [`${name}.weight`]: () => dw, ...(bias === null ? {} : { [`${name}.bias`]: () => db }) };
    },
  };
}
