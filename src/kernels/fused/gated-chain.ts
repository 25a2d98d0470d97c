import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { newTensor } from './differentiable.ts';
import type { GatedLayer, GatedNetwork } from './gated-edges.ts';
import { callKernel, pointerOf } from './runtime.ts';

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

/** Rows of a tensor [E, C], or [E]. */
export function rowsOf(backend: WasmBackend, tensor: Tensor): Rows {
  const [, columns = 1] = tensor.shape;
  const start = pointerOf(backend, tensor);
  return (first) => start + 4 * columns * first;
}

/** Rows that each block writes over those of the block before. */
export function reusedRows(start: number): Rows {
  return () => start;
}

/** A tensor of zeros. */
export function zeros(backend: WasmBackend, shape: readonly number[]): Tensor {
  const tensor = newTensor(backend, shape);
  callKernel(backend, 'clear', tensor.size, tensor);
  return tensor;
}
