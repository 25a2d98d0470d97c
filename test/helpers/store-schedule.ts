/** A small seeded generator of numbers in [0, 1) (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Interleaves the calls of several users of one file system at random: each waits for its turn. */
export function createScheduler(seed: number): () => Promise<void> {
  const random = createRandom(seed);
  const waiting: (() => void)[] = [];
  const next = () => {
    const [chosen] = waiting.splice(Math.floor(random() * waiting.length), 1);
    chosen?.();
    if (waiting.length > 0) setImmediate(next);
  };
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1) setImmediate(next);
    });
}
