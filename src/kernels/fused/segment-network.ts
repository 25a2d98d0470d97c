import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { newTensor, runDifferentiable } from './differentiable.ts';
import { type NamedLayer, overBlocks, parametersOf, type Rows, rowsFrom, sizesOf } from './gated-chain.ts';
import { linearStep, packedFloats } from './linear-step.ts';
import { kernelsOf, pointerOf, scratchAreas, wholeVectors } from './runtime.ts';
import { chainOf, layersOf, type SegmentChain, type SegmentNetwork } from './segment-chain.ts';
import { segmentNetworkBackward } from './segment-network-backward.ts';
import { type SegmentPlaces, segmentFloats, segmentPlaces } from './segment-places.ts';
import type { SegmentTensors } from './segments.ts';

/**
 * after(sum of before(x) by segment): x [E, I] -> [n, O], where the index of each row is in 0 .. n - 1. One step of the tape for all layers; the bits are
 * those of fusedLinear, fusedSegmentSum and fusedSegmentSumLinear one after the other.
 */
export function fusedSegmentNetwork(x: Tensor, network: SegmentNetwork, segments: SegmentTensors): Tensor {
  const chain = chainOf(network);
  const layers = layersOf(chain);
  return runDifferentiable({
    inputs: { x, ...parametersOf({ layers }) },
    forward(backend, save) {
      const { y, kept } = segmentNetworkForward(backend, { x, chain, segments });
      save?.([x, kept, ...layers.map(({ weight }) => weight)]);
      return y;
    },
    backward: (backend, dy, saved) => segmentNetworkBackward(backend, { chain, segments, dy, saved }),
  });
}

function segmentNetworkForward(
  backend: WasmBackend,
  { x, chain, segments }: { readonly x: Tensor; readonly chain: SegmentChain; readonly segments: SegmentTensors },
): { readonly y: Tensor; readonly kept: Tensor } {
  const { rows, folded, sums } = chain;
  const { count, offsets, order } = segments;
  const [entries = 0, width = 0] = x.shape;
  const size = { entries, count, width };
  const kept = newTensor(backend, [segmentFloats(chain, size)]);
  const places = segmentPlaces(chain, size, pointerOf(backend, kept));
  const y = newTensor(backend, [count, places.outputs]);
  const foldedFloats = folded === null ? [] : [packedFloats(folded), 2 * wholeVectors(sizesOf(folded)[0])];
  const [foldedWeight = 0, foldedBias = 0, ...areas] = scratchAreas(backend, [
    ...(folded === null ? [0, 0] : foldedFloats),
    ...[...rows, ...sums].map(packedFloats),
  ]);
  const kernels = kernelsOf(backend);
  through(backend, rows, { lines: entries, x: rowsFrom(pointerOf(backend, x), width), places: places.rows, areas });
  kernels.segmentSum(
    count,
    places.width,
    rows.length === 0 ? pointerOf(backend, x) : (places.rows.at(-1)?.y(0) ?? 0),
    pointerOf(backend, offsets),
    order === null ? 0 : pointerOf(backend, order),
    places.sums,
    places.width,
  );
  if (folded !== null) applyFolded(backend, folded, { places, offsets, count, packed: [foldedWeight, foldedBias] });
  const summed = rowsFrom(places.start, places.startWidth);
  through(backend, sums, { lines: count, x: summed, places: places.after, areas: areas.slice(rows.length) });
  const result = places.after.at(-1)?.y(0) ?? places.start;
  kernels.copyColumns(count, places.outputs, result, places.outputs, pointerOf(backend, y), places.outputs);
  return { y, kept };
}

/** Lines through layers, block by block. */
function through(
  backend: WasmBackend,
  layers: readonly NamedLayer[],
  {
    lines,
    x,
    places,
    areas,
  }: { readonly lines: number; readonly x: Rows; readonly places: SegmentPlaces['rows']; readonly areas: readonly number[] },
): void {
  const steps = layers.map((layer, index) => linearStep(backend, layer, areas[index] as number));
  overBlocks(lines, (first, count) => {
    let from = x;
    for (const [index, step] of steps.entries()) {
      const place = places[index] as SegmentPlaces['rows'][number];
      step(count, from(first), place.y(first), place.slope?.(first) ?? 0);
      from = place.y;
    }
  });
}

function applyFolded(
  backend: WasmBackend,
  { weight, bias }: NamedLayer,
  {
    places,
    offsets,
    count,
    packed: [packedWeight, packedBias],
  }: { readonly places: SegmentPlaces; readonly offsets: Tensor; readonly count: number; readonly packed: readonly [number, number] },
): void {
  const { multiply, pack } = kernelsOf(backend);
  const [outputs, inputs] = sizesOf({ weight });
  const ends = backend.typedArrayFromHeap(offsets);
  const sizes = new Float32Array(ends.buffer, places.sizes, count);
  for (let segment = 0; segment < count; segment++) sizes[segment] = (ends[segment + 1] as number) - (ends[segment] as number);
  pack(inputs, outputs, pointerOf(backend, weight), 1, inputs, 0, packedWeight);
  multiply(count, outputs, inputs, places.sums, inputs, packedWeight, places.start, outputs, 0);
  if (bias === null) return;
  pack(1, outputs, pointerOf(backend, bias), outputs, 1, 0, packedBias);
  multiply(count, outputs, 1, places.sizes, 1, packedBias, places.start, outputs, 1);
}
