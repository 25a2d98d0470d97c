import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { newTensor } from './differentiable.ts';
import { type KeptRows, type NamedLayer, overBlocks, type Rows, rowsFrom, savedRows, sizesOf } from './gated-chain.ts';
import { type Gradients, type LayerBack, layerBack, layerBackFloats, type MutableGradients } from './gated-layer-back.ts';
import { kernelsOf, pointerOf, scratchAreas } from './runtime.ts';
import type { SegmentChain } from './segment-chain.ts';
import { type SegmentPlaces, segmentPlaces } from './segment-places.ts';
import { checkIndexes, type SegmentTensors } from './segments.ts';
import { paddedFloats, weightSums, weightSumsFloats } from './weight-sums.ts';

/** What a backward pass is given. */
export interface SegmentNetworkBackward {
  readonly chain: SegmentChain;
  readonly segments: SegmentTensors;
  /** [n, O] the gradient of the result. */
  readonly dy: Tensor;
  /** What the forward pass kept: x [E, I], the outputs of the layers (`segmentPlaces`), the weight of each layer. */
  readonly saved: readonly Tensor[];
}

/**
 * Computes the gradients of `<name>.weight` and `<name>.bias` of each layer that is not frozen, and, when it is asked for, that of `x`. Goes back no
 * further than the lowest layer that is trained.
 */
export function segmentNetworkBackward(backend: WasmBackend, input: SegmentNetworkBackward): Gradients {
  const { rows, folded } = input.chain;
  const trainsBelow = [...rows, ...(folded === null ? [] : [folded])].some(({ frozen }) => !frozen);
  const { gradients, inputGradient } = goBack(backend, input, trainsBelow);
  const [x] = input.saved as readonly [Tensor];
  return { x: () => inputGradient(x), ...gradients };
}

/** The gradient of the input as a tensor of its shape. */
type InputGradient = (x: Tensor) => Tensor;

interface GoneBack {
  readonly gradients: Gradients;
  readonly inputGradient: InputGradient;
}

function goBack(backend: WasmBackend, input: SegmentNetworkBackward, reachesRows: boolean): GoneBack {
  const { segments, dy, saved } = input;
  const [x, kept, ...weights] = saved as readonly [Tensor, Tensor, ...Tensor[]];
  const chain = withWeights(input.chain, weights);
  const [entries = 0, width = 0] = x.shape;
  const { count } = segments;
  const places = segmentPlaces(chain, { entries, count, width, withSlopes: true }, pointerOf(backend, kept));
  const widest = Math.max(width, places.outputs, ...chain.all.flatMap((layer) => sizesOf(layer)));
  const { sumAreas, rowAreas } = lineAreas(backend, { count, entries: reachesRows ? entries : 0, widest });
  const [padded = 0, foldedBias = 0, ...areas] = scratchAreas(backend, [
    paddedFloats(widest, widest),
    weightSumsFloats(widest, 1),
    ...chain.all.flatMap(layerBackFloats),
  ]);
  const areasOf = (index: number) => areas.slice(3 * index, 3 * index + 3);
  const { copyColumns, gatherRows } = kernelsOf(backend);
  const gradients: MutableGradients = {};
  copyColumns(count, places.outputs, pointerOf(backend, dy), places.outputs, sumAreas[0], places.outputs);
  const firstSum = chain.all.length - chain.sums.length;
  const overSums = backThrough(backend, chain.sums, {
    lines: count,
    x: rowsFrom(places.start, places.startWidth),
    places: places.after,
    areas: sumAreas,
    memory: (index) => areasOf(firstSum + index),
    padded,
    readsGradient: reachesRows,
  });
  overSums.addGradients(gradients);
  // Where x leads to a trained parameter all the same, the way is gone again, for x alone.
  if (!reachesRows) return { gradients, inputGradient: (given) => goBack(backend, frozenAll(input), true).inputGradient(given) };
  const overFolded = backThroughFolded(backend, chain.folded, {
    dy: overSums.dx,
    free: overSums.dx === sumAreas[0] ? sumAreas[1] : sumAreas[0],
    places,
    count,
    memory: areasOf(chain.rows.length),
    padded,
    biasMemory: foldedBias,
  });
  overFolded.addGradients(gradients);
  const index = pointerOf(backend, segments.index);
  checkIndexes('gather', gatherRows(entries, count, places.width, overFolded.dx, index, rowAreas[0]), count);
  const overRows = backThrough(backend, chain.rows, {
    lines: entries,
    x: rowsFrom(pointerOf(backend, x), width),
    places: places.rows,
    areas: rowAreas,
    memory: areasOf,
    padded,
    readsGradient: false,
  });
  overRows.addGradients(gradients);
  return { gradients, inputGradient: overRows.input };
}

/** Where gradients of lines lie: two areas in turn for sums, two for rows. Freed with the backward pass. */
function lineAreas(
  backend: WasmBackend,
  { count, entries, widest }: { readonly count: number; readonly entries: number; readonly widest: number },
) {
  const lines = newTensor(backend, [2 * (count + entries) * widest]);
  const areaAt = (line: number) => pointerOf(backend, lines, line * widest);
  return { sumAreas: [areaAt(0), areaAt(count)], rowAreas: [areaAt(2 * count), areaAt(2 * count + entries)] } as const;
}

function frozenAll(input: SegmentNetworkBackward): SegmentNetworkBackward {
  const freeze = (layer: NamedLayer) => ({ ...layer, frozen: true });
  const { rows, folded, sums, all } = input.chain;
  const chain = { rows: rows.map(freeze), folded: folded === null ? null : freeze(folded), sums: sums.map(freeze), all: all.map(freeze) };
  return { ...input, chain };
}

interface BackThrough {
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

interface WentBack {
  /** Where the gradient of the input lies, when it is needed at once. */
  readonly dx: number;
  readonly addGradients: (to: MutableGradients) => void;
  readonly input: InputGradient;
}

function backThrough(backend: WasmBackend, layers: readonly NamedLayer[], at: BackThrough): WentBack {
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

interface BackThroughFolded {
  /** The gradient of its output, and an area for that of the sums. */
  readonly dy: number;
  readonly free: number;
  readonly places: SegmentPlaces;
  readonly count: number;
  readonly memory: readonly number[];
  readonly padded: number;
  readonly biasMemory: number;
}

/** Of W sums + b sizes: dW = dy^T sums, db = dy^T sizes. */
function backThroughFolded(
  backend: WasmBackend,
  folded: NamedLayer | null,
  { dy, free, places, count, memory, padded, biasMemory }: BackThroughFolded,
): Pick<WentBack, 'dx' | 'addGradients'> {
  if (folded === null) return { dx: dy, addGradients: () => undefined };
  const [outputs, inputs] = sizesOf(folded);
  const x = rowsFrom(places.sums, inputs);
  const back = layerBack(backend, { ...folded, bias: null }, { x, saved: x, areas: memory, padded });
  const biasSums = weightSums(backend, [outputs, 1], { memory: biasMemory, padded });
  overBlocks(count, (edge, lines) => {
    const block = dy + 4 * outputs * edge;
    back.block({ edge, count: lines, dy: block, dx: free + 4 * inputs * edge, adds: false });
    if (!folded.frozen) biasSums.add(lines, block, places.sizes + 4 * edge);
  });
  return {
    dx: free,
    addGradients(to) {
      back.addGradients(to);
      if (folded.frozen || folded.bias === null) return;
      const db = newTensor(backend, [outputs]);
      biasSums.copyTo({ pointer: pointerOf(backend, db), stride: 1 });
      to[`${folded.name}.bias`] = () => db;
    },
  };
}

/** The weights as they were in the forward pass. */
function withWeights({ rows, folded, sums, all: given }: SegmentChain, weights: readonly Tensor[]): SegmentChain {
  const all = given.map(({ name, bias, activation, frozen }, index) => ({
    name,
    weight: weights[index] as Tensor,
    bias,
    activation,
    frozen,
  }));
  const firstSum = all.length - sums.length;
  return {
    rows: all.slice(0, rows.length),
    folded: folded === null ? null : (all[rows.length] as NamedLayer),
    sums: all.slice(firstSum),
    all,
  };
}

function inputsOf([first]: readonly NamedLayer[]): number {
  return first === undefined ? 0 : sizesOf(first)[1];
}
