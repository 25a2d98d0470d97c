/** Why bytes are not UTF-8: another encoding as a whole, or the first letter that is not, with its line and column from 1. */
export type NotUtf8 = { readonly kind: 'utf-16' } | { readonly kind: 'letter'; readonly line: number; readonly column: number };

/** Decodes UTF-8 with or without a byte order mark. Anything else would be read as other names than were written. Pure. */
export function decodeUtf8(bytes: Uint8Array): string | NotUtf8 {
  if (isUtf16(bytes)) return { kind: 'utf-16' };
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const text = new TextDecoder('utf-8').decode(bytes);
    const before = text.slice(0, text.indexOf('\uFFFD')).split('\n');
    return { kind: 'letter', line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  }
}

/** A byte order mark, or a zero in every second byte of the beginning, as ASCII has it in UTF-16. */
export function isUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  const head = bytes.subarray(0, 16);
  const zeros = (odd: 0 | 1) => head.every((byte, index) => index % 2 !== odd || byte === 0);
  return head.length >= 4 && zeros(0) !== zeros(1);
}
