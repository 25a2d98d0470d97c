import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { FUSED_ACTIVATIONS } from './activation.ts';
import { newTensor } from './differentiable.ts';
import type { ParameterNames } from './gated-chain.ts';
import { kernelsOf, pointerOf } from './runtime.ts';
import { addWeightProducts, clearWeightSums, copyWeightSums } from './weight-sums.ts';

/** Gradients by the name of the input, each computed when it is asked for. */
export type Gradients = Readonly<MutableGradients>;

/** The same while they are collected. */
export type MutableGradients = Record<string, () => Tensor>;

/** A layer on the way back, in numbers: sizes, and pointers to its working memory. */
export interface LayerNumbers {
  readonly outputs: number;
  readonly inputs: number;
  /** The number of its activation. */
  readonly kind: number;
  /** Whether gradients of its weight are computed, and of its bias. */
  readonly trains: boolean;
  readonly trainsBias: boolean;
  /** The weight as products read it that give dx, the sums of both gradients, and room for a chunk of rows. */
  readonly packed: number;
  readonly weightSums: number;
  readonly biasSums: number;
  readonly padded: number;
}

/** A block of lines, at most CHUNK_ROWS: pointers. */
export interface BlockBack {
  readonly count: number;
  /** What the layer read, and what the gradient of its activation reads. */
  readonly x: number;
  readonly saved: number;
  /** The gradient of the output; becomes that before the activation. */
  readonly dy: number;
  /** Takes the gradient of the input, or it is added to what is there; 0: not wanted. */
  readonly dx: number;
  readonly adds: boolean;
}

/** Packs the weight, at a pointer, for dx (0: it is not wanted), and starts the sums of both gradients. */
export function startLayerBack(backend: WasmBackend, layer: LayerNumbers, weight: number): void {
  const { outputs, inputs, trains, trainsBias, packed, weightSums, biasSums } = layer;
  const { clear, pack } = kernelsOf(backend);
  if (weight !== 0) pack(outputs, inputs, weight, inputs, 1, 0, packed);
  if (trains) clearWeightSums(backend, [outputs, inputs], weightSums);
  if (trainsBias) clear(outputs, biasSums);
}

/** Takes a block back: dW += dy^T x, db += sum of dy, dx = dy W, all with dy before the activation. */
export function blockBack(backend: WasmBackend, layer: LayerNumbers, { count, x, saved, dy, dx, adds }: BlockBack): void {
  const { outputs, inputs, kind, trains, trainsBias, packed, weightSums, biasSums, padded } = layer;
  const { activationGradient, addColumnSums, multiply } = kernelsOf(backend);
  if (kind !== FUSED_ACTIVATIONS.Identity) activationGradient(kind, count * outputs, dy, saved, dy);
  if (trains) addWeightProducts(backend, [outputs, inputs], { count, left: dy, right: x, memory: weightSums, padded });
  if (trainsBias) addColumnSums(count, outputs, dy, outputs, biasSums);
  if (dx !== 0) multiply(count, inputs, outputs, dy, outputs, packed, dx, inputs, adds ? 1 : 0);
}

/** Adds the gradients of weight and bias over all blocks, by their names. */
export function addLayerGradients(backend: WasmBackend, names: ParameterNames, layer: LayerNumbers, to: MutableGradients): void {
  const { outputs, inputs, trains, trainsBias, weightSums, biasSums } = layer;
  if (trains) {
    const dw = newTensor(backend, [outputs, inputs]);
    copyWeightSums(backend, [outputs, inputs], weightSums, { pointer: pointerOf(backend, dw), stride: inputs });
    to[names.weight] = () => dw;
  }
  if (trainsBias) {
    const db = newTensor(backend, [outputs]);
    kernelsOf(backend).copyColumns(1, outputs, biasSums, outputs, pointerOf(backend, db), outputs);
    to[names.bias] = () => db;
  }
}
