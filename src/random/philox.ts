/**
 * Computes one block of Philox4x32-10: four random words from a 128-bit counter and a 64-bit key. All words are uint32.
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011), section 5.3, constants of Random123 1.14;
 * checked against that library's known-answer vectors. `counter` is [c0, c1, c2, c3], least significant word first; `out` has four words.
 */
export function philoxBlock(counter: Uint32Array, key: Uint32Array, out: Uint32Array): void {
  let c0 = counter[0] as number;
  let c1 = counter[1] as number;
  let c2 = counter[2] as number;
  let c3 = counter[3] as number;
  let k0 = key[0] as number;
  let k1 = key[1] as number;
  for (let round = 0; round < 10; round += 1) {
    const high0 = multiplyHigh(0xd251, 0x1f53, c0);
    const high1 = multiplyHigh(0xcd9e, 0x8d57, c2);
    const low0 = Math.imul(0xd2511f53, c0);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    // The Weyl sequence of the key: golden ratio and sqrt(3) - 1, as 32-bit fractions.
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** The upper 32 bits of (high * 2^16 + low) * value, by 16-bit halves so that no intermediate exceeds 2^53. */
function multiplyHigh(high: number, low: number, value: number): number {
  const valueLow = value & 0xffff;
  const valueHigh = value >>> 16;
  const middle = high * valueLow + (Math.imul(low, valueLow) >>> 16);
  // The remainder by 2^16, without a division of doubles.
  const carry = low * valueHigh + (middle & 0xffff);
  return (high * valueHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) | 0;
}
