import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { newTensor } from './differentiable.ts';
import { BLOCK } from './gated-chain.ts';
import { addLayerGradients, blockBack, type Gradients, type LayerNumbers, type MutableGradients, startLayerBack } from './layer-back.ts';
import { kernelsOf, pointerOf, scratchFloats } from './runtime.ts';
import type { SegmentPlaces } from './segment-places.ts';
import type { LayerPlan, SegmentPlan } from './segment-plan.ts';
import { checkIndexes, type SegmentTensors } from './segments.ts';
import { addWeightProducts, clearWeightSums, copyWeightSums } from './weight-sums.ts';

/** What a backward pass is given. */
export interface SegmentNetworkBackward {
  readonly plan: SegmentPlan;
  /** Those of the forward pass. */
  readonly places: SegmentPlaces;
  readonly segments: SegmentTensors;
  /** [n, O] the gradient of the result. */
  readonly dy: Tensor;
  /** What the forward pass kept: x [E, I], the one tensor of `segmentPlaces`, the weight of each layer. */
  readonly saved: readonly Tensor[];
}

/**
 * Computes the gradients of `<name>.weight` and `<name>.bias` of each layer that is not frozen, and, when it is asked for, that of `x`. Goes back no
 * further than the lowest layer that is trained.
 */
export function segmentNetworkBackward(backend: WasmBackend, input: SegmentNetworkBackward): Gradients {
  const { trainsRows } = input.plan;
  const gradients: MutableGradients = {};
  const way = openWay(backend, input, { reachesRows: trainsRows, trains: true });
  const dSums = backThrough(way, input.plan.sums, way.sums);
  if (!trainsRows) {
    addGradients(way, input.plan.sums, gradients);
    // Where x leads to a trained parameter all the same, the way is gone again, for x alone.
    gradients['x'] = () => {
      const again = openWay(backend, input, { reachesRows: true, trains: false });
      return inputGradient(again, backToRows(again, backThrough(again, input.plan.sums, again.sums)));
    };
    return gradients;
  }
  const dz = backToRows(way, dSums);
  addGradients(way, input.plan.all, gradients);
  gradients['x'] = () => inputGradient(way, dz);
  return gradients;
}

/** Lines on the way back, and two areas for gradients of lines, used in turn; that of the outputs lies in the first. */
interface Lines {
  readonly count: number;
  /** Where the first layer's inputs lie. */
  readonly x: number;
  readonly areas: readonly [number, number];
  /** Whether the gradient of the first layer's inputs is wanted at once. */
  readonly wantsInput: boolean;
}

/** Everything the way back reads and writes: pointers. */
interface Way extends SegmentNetworkBackward {
  readonly backend: WasmBackend;
  readonly base: number;
  readonly memory: number;
  /** By position. */
  readonly layers: readonly LayerNumbers[];
  readonly sums: Lines;
  readonly rows: Lines;
}

function openWay(
  backend: WasmBackend,
  input: SegmentNetworkBackward,
  { reachesRows, trains }: { readonly reachesRows: boolean; readonly trains: boolean },
): Way {
  const { plan, places, segments, dy, saved } = input;
  const x = saved[0] as Tensor;
  const kept = saved[1] as Tensor;
  const entries = x.shape[0] ?? 0;
  const { count } = segments;
  const widest = Math.max(plan.widest, x.shape[1] ?? 0);
  // Freed with the backward pass.
  const lines = newTensor(backend, [2 * (count + (reachesRows ? entries : 0)) * widest]);
  const memory = scratchFloats(backend, plan.backwardFloats);
  const base = pointerOf(backend, kept);
  const area = pointerOf(backend, lines);
  const line = 4 * widest;
  kernelsOf(backend).copyColumns(count, places.outputs, pointerOf(backend, dy), places.outputs, area, places.outputs);
  // Key by key: V8 takes ten times as long for a spread.
  return {
    backend,
    plan,
    places,
    segments,
    dy,
    saved,
    base,
    layers: plan.all.map((layer) => numbersOf(plan, layer, { memory, trains })),
    memory,
    sums: { count, x: base + places.start, areas: [area, area + line * count], wantsInput: reachesRows },
    rows: {
      count: entries,
      x: pointerOf(backend, x),
      areas: [area + line * (2 * count), area + line * (2 * count + entries)],
      wantsInput: false,
    },
  };
}

/** Back over the folded layer and the sums to rows: where the gradient before the first layer's activation lies, or that of x where there is no layer. */
function backToRows(way: Way, dSums: number): number {
  const { backend, plan, places, segments, sums, rows } = way;
  const free = dSums === sums.areas[0] ? sums.areas[1] : sums.areas[0];
  const dSummed = plan.folded === null ? dSums : backThroughFolded(way, plan.folded, { dy: dSums, dx: free });
  const index = pointerOf(backend, segments.index);
  const status = kernelsOf(backend).gatherRows(rows.count, segments.count, places.width, dSummed, index, rows.areas[0]);
  checkIndexes('gather', status, segments.count);
  return backThrough(way, plan.rows, rows);
}

/** Takes lines back through layers, layer by layer, because lines of different widths would overlap in one area. Gives where the gradient lies that it ends with. */
function backThrough(way: Way, layers: readonly LayerPlan[], { count, x, areas, wantsInput }: Lines): number {
  const { places, base } = way;
  let turn = 0;
  for (let index = layers.length - 1; index >= 0; index -= 1) {
    const layer = layers[index] as LayerPlan;
    const { position, outputs, inputs } = layer;
    // Not layers[-1], which V8 looks up by name.
    const lower = index === 0 ? undefined : layers[index - 1];
    const wantsDx = lower !== undefined || wantsInput;
    const numbers = startLayer(way, layer, wantsDx);
    const from = lower === undefined ? x : base + (places.y[lower.position] as number);
    const slope = places.slope[position] as number;
    const read = base + (slope < 0 ? (places.y[position] as number) : slope);
    const dy = areas[turn] as number;
    const dx = areas[1 - turn] as number;
    for (let first = 0; first < count; first += BLOCK) {
      const over = 4 * outputs * first;
      const under = 4 * inputs * first;
      blockBack(way.backend, numbers, {
        count: Math.min(BLOCK, count - first),
        x: from + under,
        saved: read + over,
        dy: dy + over,
        dx: wantsDx ? dx + under : 0,
        adds: false,
      });
    }
    if (wantsDx) turn = 1 - turn;
  }
  return areas[turn] as number;
}

/** The layer's numbers, its working memory made ready. */
function startLayer(way: Way, layer: LayerPlan, wantsDx: boolean): LayerNumbers {
  const numbers = way.layers[layer.position] as LayerNumbers;
  startLayerBack(way.backend, numbers, wantsDx ? pointerOf(way.backend, way.saved[2 + layer.position] as Tensor) : 0);
  return numbers;
}

/** `trains`: whether gradients of parameters are computed. */
function numbersOf(
  plan: SegmentPlan,
  layer: LayerPlan,
  { memory, trains }: { readonly memory: number; readonly trains: boolean },
): LayerNumbers {
  const { outputs, inputs, kind, frozen, hasBias, back } = layer;
  return {
    outputs,
    inputs,
    kind,
    trains: trains && !frozen,
    // That of the folded layer is summed with the sizes of segments.
    trainsBias: trains && !frozen && hasBias && layer !== plan.folded,
    packed: memory + back.packed,
    weightSums: memory + back.weightSums,
    biasSums: memory + back.biasSums,
    padded: memory + plan.padded,
  };
}

/** Of W sums + b sizes: dW = dy^T sums, db = dy^T sizes. Gives where the gradient of the sums lies. */
function backThroughFolded(way: Way, folded: LayerPlan, { dy, dx }: { readonly dy: number; readonly dx: number }): number {
  const { backend, plan, places, base, memory, sums } = way;
  const { outputs, inputs } = folded;
  const numbers = startLayer(way, folded, true);
  const biasSums = memory + plan.foldedBiasSums;
  if (numbers.trains) clearWeightSums(backend, [outputs, 1], biasSums);
  for (let first = 0; first < sums.count; first += BLOCK) {
    const count = Math.min(BLOCK, sums.count - first);
    const left = dy + 4 * outputs * first;
    const under = 4 * inputs * first;
    blockBack(backend, numbers, { count, x: base + places.sums + under, saved: 0, dy: left, dx: dx + under, adds: false });
    const right = base + places.sizes + 4 * first;
    if (numbers.trains) addWeightProducts(backend, [outputs, 1], { count, left, right, memory: biasSums, padded: numbers.padded });
  }
  return dx;
}

/** Adds the gradients of those layers that are trained. */
function addGradients(way: Way, layers: readonly LayerPlan[], to: MutableGradients): void {
  const { backend, plan, memory } = way;
  for (const layer of layers) {
    addLayerGradients(backend, layer.names, way.layers[layer.position] as LayerNumbers, to);
    if (layer !== plan.folded || layer.frozen || !layer.hasBias) continue;
    const db = newTensor(backend, [layer.outputs]);
    copyWeightSums(backend, [layer.outputs, 1], memory + plan.foldedBiasSums, { pointer: pointerOf(backend, db), stride: 1 });
    to[layer.names.bias] = () => db;
  }
}

/** dx = dz W of the first layer over rows, or dz itself where there is none. */
function inputGradient({ backend, plan, saved }: Way, dz: number): Tensor {
  const { copyColumns, multiply, pack } = kernelsOf(backend);
  const [lines = 0, inputs = 0] = (saved[0] as Tensor).shape;
  const dx = newTensor(backend, [lines, inputs]);
  const to = pointerOf(backend, dx);
  const [first] = plan.rows;
  if (first === undefined) {
    copyColumns(lines, inputs, dz, inputs, to, inputs);
    return dx;
  }
  const { position, outputs, back } = first;
  const packed = scratchFloats(backend, plan.backwardFloats) + back.packed;
  pack(outputs, inputs, pointerOf(backend, saved[2 + position] as Tensor), inputs, 1, 0, packed);
  multiply(lines, inputs, outputs, dz, outputs, packed, to, inputs, 0);
  return dx;
}
