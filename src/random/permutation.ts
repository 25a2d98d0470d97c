import type { RandomStream } from './stream.ts';

/** Gives a random order of 0 .. n - 1, every order equally likely. `n` is at most 2^32. Source: Durstenfeld, Algorithm 235 (1964). */
export function permutation(n: number, stream: RandomStream): Uint32Array {
  const order = new Uint32Array(n);
  for (let index = 0; index < n; index += 1) order[index] = index;
  for (let last = n - 1; last > 0; last -= 1) {
    const other = boundedInteger(last + 1, stream);
    const value = order[last] as number;
    order[last] = order[other] as number;
    order[other] = value;
  }
  return order;
}

/** Gives an integer in 0 .. bound - 1 without bias: words beyond the last whole multiple of `bound` are drawn again. `bound`: 1 .. 2^32. */
export function boundedInteger(bound: number, stream: RandomStream): number {
  const limit = 2 ** 32 - (2 ** 32 % bound);
  for (;;) {
    const word = stream.uint32();
    if (word < limit) return word % bound;
  }
}
