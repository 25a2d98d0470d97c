import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { newTensor } from './differentiable.ts';
import { backThroughFolded } from './folded-back.ts';
import { type NamedLayer, rowsFrom, sizesOf } from './gated-chain.ts';
import { type Gradients, layerBackFloats, type MutableGradients } from './gated-layer-back.ts';
import { backThrough, type InputGradient } from './layers-back.ts';
import { kernelsOf, pointerOf, scratchAreas } from './runtime.ts';
import type { SegmentChain } from './segment-chain.ts';
import { segmentPlaces } from './segment-places.ts';
import { checkIndexes, type SegmentTensors } from './segments.ts';
import { paddedFloats, weightSumsFloats } from './weight-sums.ts';

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
