/** The memory of every array in a value, each once. */
export function buffersOf(value: unknown, found: Set<ArrayBufferLike> = new Set()): ReadonlySet<ArrayBufferLike> {
  if (ArrayBuffer.isView(value)) found.add(value.buffer);
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) buffersOf(part, found);
  return found;
}

/** Bytes of every array in a value. */
export function bytesOf(value: unknown): number {
  let bytes = 0;
  for (const { byteLength } of buffersOf(value)) bytes += byteLength;
  return bytes;
}
