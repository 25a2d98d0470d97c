import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { newTensor } from './differentiable.ts';
import type { GatedLayer, GatedNetwork } from './gated-edges.ts';
import { callKernel, pointerOf, wholeVectors } from './runtime.ts';

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

/** The parameters that gradients are asked of, by name. */
export function parametersOf({ layers }: GatedChain): Readonly<Record<string, Tensor | null>> {
  return Object.fromEntries(
    layers.flatMap(({ name, frozen, weight, bias }): readonly (readonly [string, Tensor | null])[] =>
      frozen
        ? []
        : [
            [`${name}.weight`, weight],
            [`${name}.bias`, bias],
          ],
    ),
  );
}

/**
 * Edges that pass through all layers together. Equal to the chunk by which gradients of weights are summed
 * (assembly/transposed-multiply.as), so that a sum over blocks has the bits of a sum over all edges.
 */
export const BLOCK = 256;

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

/** Where the outputs of a layer are kept for the backward pass, in floats from the start: y [E, O], and SiLU's slope [E, O]. */
export interface KeptLayer {
  readonly y: number;
  readonly slope: number | null;
}

/** How the outputs of all layers lie in one tensor of `floats`: one allocation, and one tensor for tfjs to look after. */
export function keptLayout({ layers }: GatedChain, entries: number): { readonly floats: number; readonly layers: readonly KeptLayer[] } {
  let floats = 0;
  const take = (count: number) => {
    const start = floats;
    floats += wholeVectors(count);
    return start;
  };
  const kept = layers.map((layer): KeptLayer => {
    const count = entries * sizesOf(layer)[0];
    return { y: take(count), slope: layer.activation === 'SiLU' ? take(count) : null };
  });
  return { floats, layers: kept };
}

/** A tensor of zeros. */
export function zeros(backend: WasmBackend, shape: readonly number[]): Tensor {
  const tensor = newTensor(backend, shape);
  callKernel(backend, 'clear', tensor.size, tensor);
  return tensor;
}
