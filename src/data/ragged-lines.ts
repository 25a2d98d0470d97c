/** Lines of rows, one row after the other: those of row r are values[offsets[r] * width] .. values[offsets[r + 1] * width - 1]. */
export interface RaggedLines {
  /** [rows + 1] */
  readonly offsets: Uint32Array;
  /** Values of a line. */
  readonly width: number;
  readonly values: Float32Array;
}

/** Below it a loop over values takes less time than a view of them. */
const SHORT = 16;

/** How many lines rows have in all. */
export function countLines(offsets: Uint32Array, rows: ArrayLike<number>): number {
  let count = 0;
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] as number;
    count += (offsets[row + 1] as number) - (offsets[row] as number);
  }
  return count;
}

/** Copies the lines of rows, in the order given, to the front of `into`: [countLines(offsets, rows), width]. */
export function copyLines({ offsets, width, values }: RaggedLines, rows: ArrayLike<number>, into: Float32Array): void {
  let filled = 0;
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] as number;
    const start = (offsets[row] as number) * width;
    const end = (offsets[row + 1] as number) * width;
    if (end - start > SHORT) into.set(values.subarray(start, end), filled);
    else for (let value = start; value < end; value += 1) into[filled + value - start] = values[value] as number;
    filled += end - start;
  }
}

/** The lines of rows, in the order given: [countLines(offsets, rows), width]. */
export function joinLines(lines: RaggedLines, rows: ArrayLike<number>): Float32Array {
  const joined = new Float32Array(countLines(lines.offsets, rows) * lines.width);
  copyLines(lines, rows, joined);
  return joined;
}
