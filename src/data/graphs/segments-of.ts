import type { HostSegments } from './graph-batch.ts';

// Loops are functions of their own, apart from what makes arrays: V8 (11.3, Node 20) compiles a long loop while it runs for the first time, with what was
// never run before it left out, and then falls back to the interpreter at every further call: 10 ms for the first batches of a thread.

/** Describes which entries belong to each of `count` rows: a counting sort, ascending within a row. `index`: [E] rows, 0 .. count - 1. */
export function segmentsOf(index: Int32Array, count: number): HostSegments {
  const offsets = new Int32Array(count + 1);
  const isSorted = countEntries(index, offsets);
  addUp(offsets);
  return { index, count, offsets, order: isSorted ? null : sortByRow(index, offsets) };
}

/** Adds the entries of row r to offsets[r + 1]; returns whether they are sorted by row. */
function countEntries(index: Int32Array, offsets: Int32Array): boolean {
  let isSorted = true;
  let previous = 0;
  for (let entry = 0; entry < index.length; entry++) {
    const row = index[entry] as number;
    offsets[row + 1] = (offsets[row + 1] as number) + 1;
    if (row < previous) isSorted = false;
    previous = row;
  }
  return isSorted;
}

function addUp(offsets: Int32Array): void {
  for (let row = 1; row < offsets.length; row++) offsets[row] = (offsets[row] as number) + (offsets[row - 1] as number);
}

function sortByRow(index: Int32Array, offsets: Int32Array): Int32Array {
  const order = new Int32Array(index.length);
  placeEntries(index, offsets.slice(), order);
  return order;
}

/** Writes each entry to the next place of its row. */
function placeEntries(index: Int32Array, next: Int32Array, order: Int32Array): void {
  for (let entry = 0; entry < index.length; entry++) {
    const row = index[entry] as number;
    order[next[row] as number] = entry;
    next[row] = (next[row] as number) + 1;
  }
}
