import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { FUSED_ACTIVATIONS } from './activation.ts';
import { newTensor } from './differentiable.ts';
import { BLOCK } from './gated-chain.ts';
import type { Gradients, MutableGradients } from './gated-layer-back.ts';
import { kernelsOf, pointerOf, scratchFloats } from './runtime.ts';
import { type SegmentPlaces, segmentPlaces } from './segment-places.ts';
import type { LayerPlan, SegmentPlan } from './segment-plan.ts';
import { checkIndexes, type SegmentTensors } from './segments.ts';
import { addWeightProducts, clearWeightSums, copyWeightSums } from './weight-sums.ts';

/** What a backward pass is given. */
export interface SegmentNetworkBackward {
  readonly plan: SegmentPlan;
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
  readonly places: SegmentPlaces;
  readonly base: number;
  readonly memory: number;
  readonly sums: Lines;
  readonly rows: Lines;
  /** Whether gradients of parameters are computed. */
  readonly trains: boolean;
}

function openWay(
  backend: WasmBackend,
  input: SegmentNetworkBackward,
  { reachesRows, trains }: { readonly reachesRows: boolean; readonly trains: boolean },
): Way {
  const { plan, segments, dy, saved } = input;
  const [x, kept] = saved as readonly [Tensor, Tensor];
  const [entries = 0, width = 0] = x.shape;
  const { count } = segments;
  const places = segmentPlaces(plan, { entries, count, width, withSlopes: true });
  const widest = Math.max(plan.widest, width);
  // Freed with the backward pass.
  const lines = newTensor(backend, [2 * (count + (reachesRows ? entries : 0)) * widest]);
  const memory = scratchFloats(backend, plan.backwardFloats);
  const [base, area] = [pointerOf(backend, kept), pointerOf(backend, lines)];
  const areaAt = (line: number) => area + 4 * widest * line;
  const way: Way = {
    ...input,
    backend,
    places,
    base,
    memory,
    sums: { count, x: base + places.start, areas: [areaAt(0), areaAt(count)], wantsInput: reachesRows },
    rows: { count: entries, x: pointerOf(backend, x), areas: [areaAt(2 * count), areaAt(2 * count + entries)], wantsInput: false },
    trains,
  };
  kernelsOf(backend).copyColumns(count, places.outputs, pointerOf(backend, dy), places.outputs, areaAt(0), places.outputs);
  return way;
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
    const { position, kind, outputs } = layer;
    const lower = layers[index - 1];
    const wantsDx = lower !== undefined || wantsInput;
    prepare(way, layer, wantsDx);
    const from = lower === undefined ? x : base + (places.y[lower.position] as number);
    const slope = places.slope[position] as number;
    const read = base + (slope < 0 ? (places.y[position] as number) : slope);
    const [dy, dx] = [areas[turn] as number, areas[1 - turn] as number];
    const { activationGradient } = kernelsOf(way.backend);
    for (let first = 0; first < count; first += BLOCK) {
      const block = Math.min(BLOCK, count - first);
      const offset = 4 * outputs * first;
      if (kind !== FUSED_ACTIVATIONS.Identity) activationGradient(kind, block * outputs, dy + offset, read + offset, dy + offset);
      const below = 4 * layer.inputs * first;
      backThroughBlock(way, layer, block, { x: from + below, dy: dy + offset, dx: wantsDx ? dx + below : 0 });
    }
    if (wantsDx) turn = 1 - turn;
  }
  return areas[turn] as number;
}

/** Packs the weight for the products that give dx, and starts the sums of both gradients. */
function prepare({ backend, memory, saved, trains }: Way, { position, outputs, inputs, back, frozen }: LayerPlan, wantsDx: boolean): void {
  const { clear, pack } = kernelsOf(backend);
  if (wantsDx) pack(outputs, inputs, pointerOf(backend, saved[2 + position] as Tensor), inputs, 1, 0, memory + back.packed);
  if (frozen || !trains) return;
  clearWeightSums(backend, [outputs, inputs], memory + back.weightSums);
  clear(outputs, memory + back.biasSums);
}

/** Of lines without activation any more: dW += dy^T x, db += sum of dy, dx = dy W. */
function backThroughBlock(
  { backend, plan, memory, trains }: Way,
  { outputs, inputs, back, frozen }: LayerPlan,
  count: number,
  { x, dy, dx }: { readonly x: number; readonly dy: number; readonly dx: number },
): void {
  const { addColumnSums, multiply } = kernelsOf(backend);
  if (!frozen && trains) {
    const products = { count, left: dy, right: x, memory: memory + back.weightSums, padded: memory + plan.padded };
    addWeightProducts(backend, [outputs, inputs], products);
    addColumnSums(count, outputs, dy, outputs, memory + back.biasSums);
  }
  if (dx !== 0) multiply(count, inputs, outputs, dy, outputs, memory + back.packed, dx, inputs, 0);
}

/** Of W sums + b sizes: dW = dy^T sums, db = dy^T sizes. Gives where the gradient of the sums lies. */
function backThroughFolded(way: Way, folded: LayerPlan, { dy, dx }: { readonly dy: number; readonly dx: number }): number {
  const { backend, plan, places, base, memory, sums, trains } = way;
  const { outputs, inputs, frozen } = folded;
  const biasMemory = memory + plan.foldedBiasSums;
  prepare(way, folded, true);
  if (!frozen && trains) clearWeightSums(backend, [outputs, 1], biasMemory);
  for (let first = 0; first < sums.count; first += BLOCK) {
    const count = Math.min(BLOCK, sums.count - first);
    const block = dy + 4 * outputs * first;
    backThroughBlock(way, folded, count, { x: base + places.sums + 4 * inputs * first, dy: block, dx: dx + 4 * inputs * first });
    if (frozen || !trains) continue;
    const products = { count, left: block, right: base + places.sizes + 4 * first, memory: biasMemory, padded: memory + plan.padded };
    addWeightProducts(backend, [outputs, 1], products);
  }
  return dx;
}

/** Adds the gradients of those layers that are trained. */
function addGradients({ backend, plan, memory }: Way, layers: readonly LayerPlan[], to: MutableGradients): void {
  const { copyColumns } = kernelsOf(backend);
  for (const layer of layers) {
    const { name, outputs, inputs, back, frozen, hasBias } = layer;
    if (frozen) continue;
    const dw = newTensor(backend, [outputs, inputs]);
    copyWeightSums(backend, [outputs, inputs], memory + back.weightSums, { pointer: pointerOf(backend, dw), stride: inputs });
    to[`${name}.weight`] = () => dw;
    if (!hasBias) continue;
    const db = newTensor(backend, [outputs]);
    const pointer = pointerOf(backend, db);
    if (layer === plan.folded) copyWeightSums(backend, [outputs, 1], memory + plan.foldedBiasSums, { pointer, stride: 1 });
    else copyColumns(1, outputs, memory + back.biasSums, outputs, pointer, outputs);
    to[`${name}.bias`] = () => db;
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
