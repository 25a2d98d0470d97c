import type { WasmBackend } from '../wasm/heap.ts';
import { FUSED_ACTIVATIONS } from './activation.ts';
import { type NamedLayer, parameterNames, type Rows, sizesOf } from './gated-chain.ts';
import { addLayerGradients, blockBack, type MutableGradients, startLayerBack } from './layer-back.ts';
import { pointerOf, wholeVectors } from './runtime.ts';
import { weightSumsFloats } from './weight-sums.ts';

/** A layer on the way back. */
export interface LayerBack {
  /** Takes a block back: dy, the gradient of the output, becomes that before the activation; dx (0: not wanted) takes that of the input, or it is added to what is there. */
  block(at: { readonly edge: number; readonly count: number; readonly dy: number; readonly dx: number; readonly adds: boolean }): void;
  /** Adds the gradients of weight and bias over all blocks; none of a frozen layer. */
  addGradients(to: MutableGradients): void;
}

/** What a layer read, and what the gradient of its activation reads; working memory as `layerBackFloats` counts it, and some for one block. */
export interface LayerBackInput {
  readonly x: Rows;
  readonly saved: Rows;
  readonly areas: readonly number[];
  readonly padded: number;
}

/** Floats of working memory: the weight as products read it, and the sums of both gradients. */
export function layerBackFloats(layer: NamedLayer): readonly [number, number, number] {
  const [outputs, inputs] = sizesOf(layer);
  return [(outputs + 1) * wholeVectors(inputs), weightSumsFloats(outputs, inputs), outputs];
}

/** Prepares the way back through a layer. */
export function layerBack(backend: WasmBackend, layer: NamedLayer, { x, saved, areas, padded }: LayerBackInput): LayerBack {
  const { name, weight, bias, activation, frozen } = layer;
  const [outputs, inputs] = sizesOf(layer);
  const [packed = 0, weightSums = 0, biasSums = 0] = areas;
  const trainsBias = !frozen && bias !== null;
  const kind = FUSED_ACTIVATIONS[activation];
  const numbers = { outputs, inputs, kind, trains: !frozen, trainsBias, packed, weightSums, biasSums, padded };
  startLayerBack(backend, numbers, pointerOf(backend, weight));
  return {
    block: ({ edge, count, dy, dx, adds }) => blockBack(backend, numbers, { count, x: x(edge), saved: saved(edge), dy, dx, adds }),
    addGradients: (to) => addLayerGradients(backend, parameterNames(name), numbers, to),
  };
}
