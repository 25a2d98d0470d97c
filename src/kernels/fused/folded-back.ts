import type { WasmBackend } from '../wasm/heap.ts';
import { newTensor } from './differentiable.ts';
import { type NamedLayer, overBlocks, rowsFrom, sizesOf } from './gated-chain.ts';
import { layerBack } from './gated-layer-back.ts';
import type { WentBack } from './layers-back.ts';
import { pointerOf } from './runtime.ts';
import type { SegmentPlaces } from './segment-places.ts';
import { weightSums } from './weight-sums.ts';

/** Where everything lies on the way back through a folded layer. */
export interface BackThroughFolded {
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
export function backThroughFolded(
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
