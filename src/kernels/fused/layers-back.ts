import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { newTensor } from './differentiable.ts';
import { type KeptRows, type NamedLayer, overBlocks, type Rows, rowsFrom, savedRows, sizesOf } from './gated-chain.ts';
import { type LayerBack, layerBack, layerBackFloats, type MutableGradients } from './gated-layer-back.ts';
import { kernelsOf, pointerOf, scratchAreas } from './runtime.ts';

/** The gradient of the input as a tensor of its shape. */
export type InputGradient = (x: Tensor) => Tensor;

/** Layers on the way back, and where everything lies. */
export interface BackThrough {
  readonly lines: number;
  /** What the first layer read. */
  readonly x: Rows;
  readonly places: readonly KeptRows[];
  /** The gradient of the last layer's output lies in the first of two areas, which are used in turn. */
  readonly areas: readonly [number, number];
  readonly memory: (index: number) => readonly number[];
  readonly padded: number;
  /** Whether the gradient of the input is needed at once. */
  readonly readsGradient: boolean;
}

/** What the way back gave. */
export interface WentBack {
  /** Where the gradient of the input lies, when it is needed at once. */
  readonly dx: number;
  readonly addGradients: (to: MutableGradients) => void;
  readonly input: InputGradient;
}

/** Takes lines back through layers. */
export function backThrough(backend: WasmBackend, layers: readonly NamedLayer[], at: BackThrough): WentBack {
  const { lines, x, places, areas, memory, padded, readsGradient } = at;
  const back = layers.map((layer, index) =>
    layerBack(backend, layer, {
      x: index === 0 ? x : (places[index - 1] as KeptRows).y,
      saved: savedRows(places[index] as KeptRows),
      areas: memory(index),
      padded,
    }),
  );
  // Layer by layer, because rows of different widths would overlap in one area.
  const gradientAt = (index: number): Rows => {
    const area = areas[(layers.length - 1 - index) % 2] as number;
    return rowsFrom(area, index < 0 ? inputsOf(layers) : sizesOf(layers[index] as NamedLayer)[0]);
  };
  const dxRows = gradientAt(-1);
  for (let index = layers.length - 1; index >= 0; index--) {
    const [dyRows, below] = [gradientAt(index), gradientAt(index - 1)];
    const wantsDx = index > 0 || readsGradient;
    overBlocks(lines, (edge, count) => {
      (back[index] as LayerBack).block({ edge, count, dy: dyRows(edge), dx: wantsDx ? below(edge) : 0, adds: false });
    });
  }
  return {
    dx: dxRows(0),
    addGradients(to) {
      for (const layer of back) layer.addGradients(to);
    },
    input: (given) => inputGradient(backend, { first: layers[0], dz: gradientAt(layers.length > 0 ? 0 : -1)(0), given }),
  };
}

/** dx = dz W, or dz itself where there is no layer. */
function inputGradient(
  backend: WasmBackend,
  { first, dz, given }: { readonly first: NamedLayer | undefined; readonly dz: number; readonly given: Tensor },
): Tensor {
  const { copyColumns, multiply, pack } = kernelsOf(backend);
  const [lines = 0, inputs = 0] = given.shape;
  const dx = newTensor(backend, [lines, inputs]);
  const to = pointerOf(backend, dx);
  if (first === undefined) {
    copyColumns(lines, inputs, dz, inputs, to, inputs);
    return dx;
  }
  const [outputs] = sizesOf(first);
  const [packed = 0] = scratchAreas(backend, [layerBackFloats(first)[0]]);
  pack(outputs, inputs, pointerOf(backend, first.weight), inputs, 1, 0, packed);
  multiply(lines, inputs, outputs, dz, outputs, packed, to, inputs, 0);
  return dx;
}

function inputsOf([first]: readonly NamedLayer[]): number {
  return first === undefined ? 0 : sizesOf(first)[1];
}
