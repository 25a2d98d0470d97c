import { hash } from 'node:crypto';
import { philoxBlock } from './philox.ts';

/** A sequence of random numbers that is a pure function of its seed and key: nothing of it ever has to be saved. It repeats after 2^34 words (64 GiB). */
export interface RandomStream {
  /** The next 32 random bits, 0 .. 2^32 - 1. */
  readonly uint32: () => number;
  /** The next number in [0, 1): a multiple of 2^-24, so it is the same in float32 and float64. */
  readonly uniform: () => number;
  /** The next standard normal number, in float64. */
  readonly normal: () => number;
}

/**
 * Opens the stream of a seed and a key. Different keys give independent streams; seed 0 is a seed like any other.
 *
 * The 128 bits that tell streams apart are the first 16 bytes of SHA-256 of the UTF-8 text `rootstock-random-1` + JSON of
 * `[seed, ...key]` (so 1 and "1" differ): bytes 0-7 are the Philox key, bytes 8-15 the upper half of its counter, little-endian words;
 * the lowest word counts blocks of four. Changing any of this changes every result: raise NUMERICS_VERSION.
 */
export function randomStream(seed: number, ...key: readonly (string | number)[]): RandomStream {
  for (const part of [seed, ...key]) {
    if (typeof part === 'number' && !Number.isSafeInteger(part)) throw new TypeError(`randomStream: ${part} is not a whole number`);
  }
  const digest = hash('sha256', `rootstock-random-1${JSON.stringify([seed, ...key])}`, 'buffer');
  const philoxKey = Uint32Array.of(digest.readUInt32LE(0), digest.readUInt32LE(4));
  const counter = Uint32Array.of(0, 0, digest.readUInt32LE(8), digest.readUInt32LE(12));
  const block = new Uint32Array(4);
  let used = 4;
  let spare: number | undefined;

  const uint32 = (): number => {
    if (used === 4) {
      philoxBlock(counter, philoxKey, block);
      counter[0] = (counter[0] as number) + 1;
      used = 0;
    }
    const word = block[used] as number;
    used += 1;
    return word;
  };
  const uniform = (): number => (uint32() >>> 8) * 2 ** -24;

  // Marsaglia's polar method (1964). Not Box-Muller: V8's sin and cos differ between versions, its log and sqrt do not.
  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const u = (uint32() + 0.5) * 2 ** -31 - 1;
      const v = (uint32() + 0.5) * 2 ** -31 - 1;
      const square = u * u + v * v;
      if (square < 1 && square > 0) {
        const scale = Math.sqrt((-2 * Math.log(square)) / square);
        spare = v * scale;
        return u * scale;
      }
    }
  };
  return { uint32, uniform, normal };
}

/** The stream of a dropout mask (or other noise) of the module at `path`, at one optimizer step (or micro-batch) of a stage. */
export function dropoutStream(seed: number, at: { readonly stage: number; readonly step: number; readonly path: string }): RandomStream {
  return randomStream(seed, at.stage, at.step, at.path);
}

/** The stream that orders the training rows of one epoch of a stage. */
export function permutationStream(seed: number, stage: number, epoch: number): RandomStream {
  return randomStream(seed, stage, epoch);
}

/** The stream of a tensor's first values. */
export function initialisationStream(seed: number, path: string): RandomStream {
  return randomStream(seed, path);
}
