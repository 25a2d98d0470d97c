import type { HostSegments } from './graph-batch.ts';

/** Describes which entries belong to each of `count` rows: a counting sort, ascending within a row. `index`: [E] rows, 0 .. count - 1. */
export function segmentsOf(index: Int32Array, count: number): HostSegments {
  const offsets = new Int32Array(count + 1);
  let isSorted = true;
  for (let entry = 0; entry < index.length; entry++) {
    const row = index[entry] as number;
    offsets[row + 1] = (offsets[row + 1] as number) + 1;
    if (entry > 0 && row < (index[entry - 1] as number)) isSorted = false;
  }
  for (let row = 0; row < count; row++) offsets[row + 1] = (offsets[row + 1] as number) + (offsets[row] as number);
  return { index, count, offsets, order: isSorted ? null : sortByRow(index, offsets) };
}

function sortByRow(index: Int32Array, offsets: Int32Array): Int32Array {
  const order = new Int32Array(index.length);
  const next = offsets.slice();
  for (let entry = 0; entry < index.length; entry++) {
    const row = index[entry] as number;
    order[next[row] as number] = entry;
    next[row] = (next[row] as number) + 1;
  }
  return order;
}
