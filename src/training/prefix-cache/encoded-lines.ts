import { keep, type Tensor } from '@tensorflow/tfjs-core';
import { copyLines, countLines, type RaggedLines } from '../../data/ragged-lines.ts';
import { canTakeLines, fusedTakeLines } from '../../kernels/fused/take-lines.ts';
import type { Rows } from '../batches.ts';
import { copyToDevice, fillTensor } from '../fill-on-heap.ts';

/** What a prefix gave for every row of a split, under one name. */
export interface EncodedLines {
  /** The lines of rows in the order given, [lines, ...shape]: a tensor to be disposed of. */
  take(rows: Rows): Tensor;
  dispose(): void;
}

/** An encoding of a split of so many bytes lies in the wasm backend's memory, where a kernel takes lines of it; larger ones would leave too little of its 4 GiB. */
export const MOST_DEVICE_BYTES = 32 * 1024 * 1024;

/** Keeps the lines of a split, each of a shape with `lines.width` values. */
export function keepLines(lines: RaggedLines, shape: readonly number[]): EncodedLines {
  const { offsets, width, values } = lines;
  if (!canTakeLines() || values.length === 0 || values.byteLength > MOST_DEVICE_BYTES) return onHost(lines, shape);
  return onDevice(keep(copyToDevice(values, [values.length / width, width])), offsets, shape);
}

function onHost(lines: RaggedLines, shape: readonly number[]): EncodedLines {
  return {
    take: (rows) => keep(fillTensor([countLines(lines.offsets, rows), ...shape], (taken) => copyLines(lines, rows, taken))),
    dispose: () => undefined,
  };
}

/** Knows nothing of the values on the host, so that they are freed. */
function onDevice(table: Tensor, offsets: Uint32Array, shape: readonly number[]): EncodedLines {
  return {
    take: (rows) => keep(fusedTakeLines(table, { offsets, rows, count: countLines(offsets, rows), shape })),
    dispose: () => table.dispose(),
  };
}
