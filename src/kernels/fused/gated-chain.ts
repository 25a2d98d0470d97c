import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { newTensor } from './differentiable.ts';
import type { FusedLayer } from './edge-products.ts';
import { callKernel, pointerOf, wholeVectors } from './runtime.ts';
import { CHUNK_ROWS } from './weight-sums.ts';

/** A layer of a network over edges, or over rows and their sums (segment-plan.ts). */
export interface GatedLayer extends FusedLayer {
  /** Whether no gradient is asked of weight and bias: then none is computed. */
  readonly frozen: boolean;
}

/** Two networks, one behind the other. */
export interface GatedNetwork {
  /** From what each edge sees, [h_i, h_j, x], to its message [E, C]; at least one layer. */
  readonly messages: readonly GatedLayer[];
  /** From the message to one number, [E, 1]; at least one layer. */
  readonly gate: readonly GatedLayer[];
}

/** A layer and what its parameters are called among the inputs of the operation: `<name>.weight`, `<name>.bias`. */
export interface NamedLayer extends GatedLayer {
  readonly name: string;
}

/** The layers of both networks; that at position `tap` gives the messages. */
export interface GatedChain {
  readonly layers: readonly NamedLayer[];
  readonly tap: number;
}

/** Puts the two networks behind each other. */
export function chainOf({ messages, gate }: GatedNetwork): GatedChain {
  const named = (name: string, layers: readonly GatedLayer[]) => layers.map((layer, index) => ({ ...layer, name: `${name}${index}` }));
  return { layers: [...named('message', messages), ...named('gate', gate)], tap: messages.length - 1 };
}

/** The parameters that gradients are asked of, by the names of their layers. */
export function parametersOf(layers: readonly NamedLayer[]): Readonly<Record<string, Tensor | null>> {
  const parameters: Record<string, Tensor | null> = {};
  for (const { name, frozen, weight, bias } of layers) {
    if (frozen) continue;
    const names = parameterNames(name);
    parameters[names.weight] = weight;
    parameters[names.bias] = bias;
  }
  return parameters;
}

/** What the parameters of a layer are called. Kept, because a string made anew has to be hashed anew. */
export function parameterNames(layer: string): ParameterNames {
  let names = NAMES.get(layer);
  if (names === undefined) NAMES.set(layer, (names = { weight: `${layer}.weight`, bias: `${layer}.bias` }));
  return names;
}

/** Names among the inputs of an operation. */
export interface ParameterNames {
  readonly weight: string;
  readonly bias: string;
}

const NAMES = new Map<string, ParameterNames>();

/** Edges that pass through all layers together: a chunk of the gradients of weights, so that a sum over blocks has the bits of a sum over all edges. */
export const BLOCK = CHUNK_ROWS;

/** Calls `work` for each block of edges: its first edge, and how many it has. */
export function overBlocks(edges: number, work: (first: number, count: number) => void): void {
  for (let first = 0; first < edges; first += BLOCK) work(first, Math.min(BLOCK, edges - first));
}

/** Outputs and inputs of a layer. */
export function sizesOf({ weight }: Pick<GatedLayer, 'weight'>): readonly [number, number] {
  const [outputs = 0, inputs = 0] = weight.shape;
  return [outputs, inputs];
}

/** Where an array with a row per edge lies: the byte offset of the block that starts at an edge. */
export type Rows = (first: number) => number;

/** Rows of so many columns from a byte offset on. */
export function rowsFrom(start: number, columns: number): Rows {
  return (first) => start + 4 * columns * first;
}

/** Rows of a tensor [E, C], or [E]. */
export function rowsOf(backend: WasmBackend, tensor: Tensor): Rows {
  return rowsFrom(pointerOf(backend, tensor), tensor.shape[1] ?? 1);
}

/** Rows that each block writes over those of the block before. */
export function reusedRows(start: number): Rows {
  return () => start;
}

/** Where the outputs of a layer are kept for the backward pass. */
export interface KeptRows {
  readonly y: Rows;
  /** SiLU's slope; null: the gradient of the activation reads y. */
  readonly slope: Rows | null;
}

/** What the gradient of an activation reads. */
export function savedRows({ y, slope }: KeptRows): Rows {
  return slope ?? y;
}

/** Floats of the one tensor that keeps the outputs of all layers: one allocation, and one tensor for tfjs to look after. */
export function keptFloats({ layers }: Pick<GatedChain, 'layers'>, entries: number): number {
  return layers.reduce((sum, layer) => sum + arraysOf(layer) * arrayFloats(layer, entries), 0);
}

/** Where each layer's outputs lie in that tensor, from its byte offset on: y [E, O], then the slope [E, O]. */
export function keptRows({ layers }: Pick<GatedChain, 'layers'>, entries: number, start: number): readonly KeptRows[] {
  let next = start;
  const take = (layer: NamedLayer): Rows => {
    const rows = rowsFrom(next, sizesOf(layer)[0]);
    next += 4 * arrayFloats(layer, entries);
    return rows;
  };
  return layers.map((layer) => ({ y: take(layer), slope: arraysOf(layer) === 2 ? take(layer) : null }));
}

function arraysOf({ activation }: NamedLayer): 1 | 2 {
  return activation === 'SiLU' ? 2 : 1;
}

function arrayFloats(layer: NamedLayer, entries: number): number {
  return wholeVectors(entries * sizesOf(layer)[0]);
}

/** A tensor of zeros. */
export function zeros(backend: WasmBackend, shape: readonly number[]): Tensor {
  const tensor = newTensor(backend, shape);
  callKernel(backend, 'clear', tensor.size, tensor);
  return tensor;
}
