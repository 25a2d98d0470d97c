import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { newTensor, runDifferentiable } from './differentiable.ts';
import { BLOCK, type GatedLayer } from './gated-chain.ts';
import { kernelsOf, pointerOf, scratchFloats } from './runtime.ts';
import { segmentNetworkBackward } from './segment-network-backward.ts';
import { type SegmentPlaces, segmentPlaces } from './segment-places.ts';
import { type LayerPlan, type SegmentNetwork, type SegmentPlan, segmentPlan } from './segment-plan.ts';
import { type SegmentTensors, writeSizes } from './segments.ts';

/**
 * after(sum of before(x) by segment): x [E, I] -> [n, O], where the index of each row is in 0 .. n - 1. One step of the tape for all layers; the bits are
 * those of fusedLinear, fusedSegmentSum and fusedSegmentSumLinear one after the other.
 */
export function fusedSegmentNetwork(x: Tensor, network: SegmentNetwork, segments: SegmentTensors): Tensor {
  const plan = segmentPlan(network);
  const layers = [...network.before, ...network.after];
  let places: SegmentPlaces | undefined;
  return runDifferentiable({
    inputs: inputsOf(plan, layers, x),
    forward(backend, save) {
      places = segmentPlaces(plan, { entries: x.shape[0] ?? 0, count: segments.count, width: x.shape[1] ?? 0, withSlopes: save !== null });
      const { y, kept } = segmentNetworkForward(backend, { x, plan, places, layers, segments });
      save?.([x, kept, ...layers.map(({ weight }) => weight)]);
      return y;
    },
    backward: (backend, dy, saved) => segmentNetworkBackward(backend, { plan, places: places as SegmentPlaces, segments, dy, saved }),
  });
}

/** A copy of an object that has all names already: V8 takes far longer to add them one by one. */
function inputsOf(plan: SegmentPlan, layers: readonly GatedLayer[], x: Tensor): SegmentPlan['inputs'] {
  const inputs = { ...plan.inputs };
  inputs['x'] = x;
  for (const { position, names, frozen } of plan.all) {
    if (frozen) continue;
    const { weight, bias } = layers[position] as GatedLayer;
    inputs[names.weight] = weight;
    if (bias !== null) inputs[names.bias] = bias;
  }
  return inputs;
}

interface Forward {
  readonly x: Tensor;
  readonly plan: SegmentPlan;
  readonly places: SegmentPlaces;
  readonly layers: readonly GatedLayer[];
  readonly segments: SegmentTensors;
}

function segmentNetworkForward(
  backend: WasmBackend,
  { x, plan, places, layers, segments }: Forward,
): { readonly y: Tensor; readonly kept: Tensor } {
  const { count, offsets, order } = segments;
  const entries = x.shape[0] ?? 0;
  const width = x.shape[1] ?? 0;
  const kept = newTensor(backend, [places.floats]);
  const y = newTensor(backend, [count, places.outputs]);
  const memory = scratchFloats(backend, plan.forwardFloats);
  const { copyColumns, pack, segmentSum } = kernelsOf(backend);
  for (const { position, outputs, inputs, packed } of plan.all) {
    const { weight, bias } = layers[position] as GatedLayer;
    const biasPlace = bias === null || position === plan.folded?.position ? 0 : pointerOf(backend, bias);
    pack(inputs, outputs, pointerOf(backend, weight), 1, inputs, biasPlace, memory + packed);
  }
  const input = pointerOf(backend, x);
  const base = pointerOf(backend, kept);
  through(backend, plan.rows, { lines: entries, x: input, width, places, base, memory });
  segmentSum(
    count,
    places.width,
    plan.lastRow === null ? input : base + (places.y[plan.lastRow.position] as number),
    pointerOf(backend, offsets),
    order === null ? 0 : pointerOf(backend, order),
    base + places.sums,
    places.width,
  );
  if (plan.folded !== null) applyFolded(backend, plan, { layers, offsets, count, places, base, memory });
  through(backend, plan.sums, { lines: count, x: base + places.start, width: places.startWidth, places, base, memory });
  copyColumns(count, places.outputs, base + places.result, places.outputs, pointerOf(backend, y), places.outputs);
  return { y, kept };
}

/** Where a pass runs: pointers to what it keeps and to working memory. */
interface At {
  readonly places: SegmentPlaces;
  readonly base: number;
  readonly memory: number;
}

/** Lines through layers, block by block. */
function through(
  backend: WasmBackend,
  layers: readonly LayerPlan[],
  { lines, x, width, places, base, memory }: At & { readonly lines: number; readonly x: number; readonly width: number },
): void {
  const { linear } = kernelsOf(backend);
  for (let first = 0; first < lines; first += BLOCK) {
    const count = Math.min(BLOCK, lines - first);
    let from = x + 4 * width * first;
    for (const { position, outputs, inputs, kind, packed } of layers) {
      const offset = 4 * outputs * first;
      const to = base + (places.y[position] as number) + offset;
      const slope = places.slope[position] as number;
      linear(count, outputs, inputs, from, memory + packed, kind, to, slope < 0 ? 0 : base + slope + offset);
      from = to;
    }
  }
}

/** W sums + b sizes, in the same two products as fusedSegmentSumLinear. */
function applyFolded(
  backend: WasmBackend,
  { folded, foldedBias }: SegmentPlan,
  { layers, offsets, count, places, base, memory }: At & Pick<Forward, 'layers'> & { readonly offsets: Tensor; readonly count: number },
): void {
  const { multiply, pack } = kernelsOf(backend);
  const { position, outputs, inputs, packed } = folded as LayerPlan;
  const sizes = base + places.sizes;
  writeSizes(backend, { count, offsets }, sizes);
  const to = base + places.start;
  multiply(count, outputs, inputs, base + places.sums, inputs, memory + packed, to, outputs, 0);
  const { bias } = layers[position] as GatedLayer;
  if (bias === null) return;
  pack(1, outputs, pointerOf(backend, bias), outputs, 1, 0, memory + foldedBias);
  multiply(count, outputs, 1, sizes, 1, memory + foldedBias, to, outputs, 1);
}
