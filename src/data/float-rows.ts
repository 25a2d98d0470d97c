/** Joins arrays one after the other. */
export function concatenate(parts: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Copies rows of a row-major matrix of `width` columns, in the order given. */
export function takeRows(values: Float32Array, rows: ArrayLike<number>, width: number): Float32Array {
  const taken = new Float32Array(rows.length * width);
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] as number;
    taken.set(values.subarray(row * width, (row + 1) * width), at * width);
  }
  return taken;
}
