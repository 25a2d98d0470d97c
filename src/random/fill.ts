import type { RandomStream } from './stream.ts';

/** Fills `into` with uniform numbers in [low, high), rounded to float32 (rounding may give `high` itself). Takes one word per element. */
export function fillUniform(into: Float32Array, low: number, high: number, stream: RandomStream): void {
  const width = high - low;
  for (let index = 0; index < into.length; index += 1) into[index] = low + width * stream.uniform();
}

/** Fills `into` with normal numbers of a mean and a standard deviation (>= 0), rounded to float32. */
export function fillNormal(into: Float32Array, mean: number, std: number, stream: RandomStream): void {
  for (let index = 0; index < into.length; index += 1) into[index] = mean + std * stream.normal();
}

/** Fills `into` with 1 (keep) and 0 (drop); `p` in [0, 1] is the probability of a 0, as in torch.nn.Dropout. Takes one word per element. */
export function fillKeepMask(into: Float32Array, p: number, stream: RandomStream): void {
  for (let index = 0; index < into.length; index += 1) into[index] = stream.uniform() >= p ? 1 : 0;
}
