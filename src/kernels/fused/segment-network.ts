import type { Tensor } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../wasm/heap.ts';
import { newTensor, runDifferentiable } from './differentiable.ts';
import { type KeptRows, type NamedLayer, overBlocks, parametersOf, type Rows, rowsFrom, sizesOf } from './gated-chain.ts';
import { linearStep, packedFloats } from './linear-step.ts';
import { kernelsOf, pointerOf, scratchAreas, wholeVectors } from './runtime.ts';
import { type SegmentChain, type SegmentNetwork, segmentChain } from './segment-chain.ts';
import { segmentNetworkBackward } from './segment-network-backward.ts';
import { type SegmentPlaces, segmentFloats, segmentPlaces } from './segment-places.ts';
import { type SegmentTensors, writeSizes } from './segments.ts';

/**
 * after(sum of before(x) by segment): x [E, I] -> [n, O], where the index of each row is in 0 .. n - 1. One step of the tape for all layers; the bits are
 * those of fusedLinear, fusedSegmentSum and fusedSegmentSumLinear one after the other.
 */
export function fusedSegmentNetwork(x: Tensor, network: SegmentNetwork, segments: SegmentTensors): Tensor {
  const chain = segmentChain(network);
  return runDifferentiable({
    inputs: { x, ...parametersOf({ layers: chain.all }) },
    forward(backend, save) {
      const { y, kept } = segmentNetworkForward(backend, { x, chain, segments, withSlopes: save !== null });
      save?.([x, kept, ...chain.all.map(({ weight }) => weight)]);
      return y;
    },
    backward: (backend, dy, saved) => segmentNetworkBackward(backend, { chain, segments, dy, saved }),
  });
}

interface Forward {
  readonly x: Tensor;
  readonly chain: SegmentChain;
  readonly segments: SegmentTensors;
  /** Whether a backward pass follows. */
  readonly withSlopes: boolean;
}

function segmentNetworkForward(
  backend: WasmBackend,
  { x, chain, segments, withSlopes }: Forward,
): { readonly y: Tensor; readonly kept: Tensor } {
  const { rows, folded, sums } = chain;
  const { count, offsets, order } = segments;
  const [entries = 0, width = 0] = x.shape;
  const size = { entries, count, width, withSlopes };
  const kept = newTensor(backend, [segmentFloats(chain, size)]);
  const places = segmentPlaces(chain, size, pointerOf(backend, kept));
  const y = newTensor(backend, [count, places.outputs]);
  const [foldedBias = 0, ...areas] = scratchAreas(backend, [
    folded === null ? 0 : 2 * wholeVectors(sizesOf(folded)[0]),
    ...chain.all.map(packedFloats),
  ]);
  const start = pointerOf(backend, x);
  through(backend, rows, { lines: entries, x: rowsFrom(start, width), places: places.rows, areas });
  const { copyColumns, segmentSum } = kernelsOf(backend);
  const summed = places.rows.at(-1)?.y(0) ?? start;
  segmentSum(
    count,
    places.width,
    summed,
    pointerOf(backend, offsets),
    order === null ? 0 : pointerOf(backend, order),
    places.sums,
    places.width,
  );
  if (folded !== null) applyFolded(backend, folded, { places, offsets, count, packed: areas[rows.length] ?? 0, packedBias: foldedBias });
  through(backend, sums, {
    lines: count,
    x: rowsFrom(places.start, places.startWidth),
    places: places.after,
    areas: areas.slice(chain.all.length - sums.length),
  });
  copyColumns(count, places.outputs, places.after.at(-1)?.y(0) ?? places.start, places.outputs, pointerOf(backend, y), places.outputs);
  return { y, kept };
}

interface Through {
  readonly lines: number;
  readonly x: Rows;
  readonly places: readonly KeptRows[];
  /** Where the weight of each layer is packed. */
  readonly areas: readonly number[];
}

/** Lines through layers, block by block. */
function through(backend: WasmBackend, layers: readonly NamedLayer[], { lines, x, places, areas }: Through): void {
  const steps = layers.map((layer, index) => linearStep(backend, layer, areas[index] as number));
  overBlocks(lines, (first, count) => {
    let from = x;
    for (const [index, step] of steps.entries()) {
      const { y, slope } = places[index] as KeptRows;
      step(count, from(first), y(first), slope?.(first) ?? 0);
      from = y;
    }
  });
}

interface Folded {
  readonly places: SegmentPlaces;
  readonly offsets: Tensor;
  readonly count: number;
  readonly packed: number;
  readonly packedBias: number;
}

/** W sums + b sizes, in the same two products as fusedSegmentSumLinear. */
function applyFolded(backend: WasmBackend, folded: NamedLayer, { places, offsets, count, packed, packedBias }: Folded): void {
  const { multiply, pack } = kernelsOf(backend);
  const [outputs, inputs] = sizesOf(folded);
  writeSizes(backend, offsets, new Float32Array(backend.typedArrayFromHeap(offsets).buffer, places.sizes, count));
  pack(inputs, outputs, pointerOf(backend, folded.weight), 1, inputs, 0, packed);
  multiply(count, outputs, inputs, places.sums, inputs, packed, places.start, outputs, 0);
  if (folded.bias === null) return;
  pack(1, outputs, pointerOf(backend, folded.bias), outputs, 1, 0, packedBias);
  multiply(count, outputs, 1, places.sizes, 1, packedBias, places.start, outputs, 1);
}
