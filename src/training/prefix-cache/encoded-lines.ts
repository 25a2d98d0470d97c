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

/** So many bytes lie in the wasm backend's memory, where a kernel takes lines of them; more would leave too little of its 4 GiB. */
export const MOST_DEVICE_BYTES = 64 * 1024 * 1024;

/** Keeps the lines of a split, each of a shape with `lines.width` values. */
export function keepLines(lines: RaggedLines, shape: readonly number[]): EncodedLines {
  const { offsets, width, values } = lines;
  if (!canTakeLines() || values.length === 0 || values.byteLength > MOST_DEVICE_BYTES) {
    return {
      take: (rows) => keep(fillTensor([countLines(offsets, rows), ...shape], (taken) => copyLines(lines, rows, taken))),
      dispose: () => undefined,
    };
  }
  const table = keep(copyToDevice(values, [values.length / width, width]));
  return {
    take: (rows) => keep(fusedTakeLines(table, { offsets, rows, count: countLines(offsets, rows), shape })),
    dispose: () => table.dispose(),
  };
}
