import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { FUSED_ACTIVATIONS } from './activation.ts';
import { newTensor } from './differentiable.ts';
import { type NamedLayer, type Rows, sizesOf } from './gated-chain.ts';
import { kernelsOf, pointerOf, wholeVectors } from './runtime.ts';
import { weightSums, weightSumsFloats } from './weight-sums.ts';

/** Gradients by the name of the input, each computed when it is asked for. */
export type Gradients = Readonly<MutableGradients>;

/** The same while they are collected. */
export type MutableGradients = Record<string, () => Tensor>;

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
  const { activationGradient, addColumnSums, clear, copyColumns, multiply, pack } = kernelsOf(backend);
  const { name, weight, bias, activation, frozen } = layer;
  const [outputs, inputs] = sizesOf(layer);
  const [packed = 0, memory = 0, biasSums = 0] = areas;
  const kind = FUSED_ACTIVATIONS[activation];
  pack(outputs, inputs, pointerOf(backend, weight), inputs, 1, 0, packed);
  const sums = weightSums(backend, [outputs, inputs], { memory, padded });
  clear(outputs, biasSums);
  return {
    block({ edge, count, dy, dx, adds }) {
      if (kind !== FUSED_ACTIVATIONS.Identity) activationGradient(kind, count * outputs, dy, saved(edge), dy);
      if (!frozen) {
        sums.add(count, dy, x(edge));
        addColumnSums(count, outputs, dy, outputs, biasSums);
      }
      if (dx !== 0) multiply(count, inputs, outputs, dy, outputs, packed, dx, inputs, adds ? 1 : 0);
    },
    addGradients(to) {
      if (frozen) return;
      const dw = newTensor(backend, [outputs, inputs]);
      sums.copyTo({ pointer: pointerOf(backend, dw), stride: inputs });
      to[`${name}.weight`] = () => dw;
      if (bias === null) return;
      const db = newTensor(backend, [outputs]);
      copyColumns(1, outputs, biasSums, outputs, pointerOf(backend, db), outputs);
      to[`${name}.bias`] = () => db;
    },
  };
}
