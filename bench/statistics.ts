import { randomStream } from '../src/random/stream.ts';

/** A median with the bootstrap 95 % interval around it. */
export interface Estimate {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** The two sides of a comparison: what is measured, and what it is measured against. */
export type Side = 'ours' | 'baseline';

/** How an estimate stands to a target that should not be exceeded. `undecided`: the target lies inside the interval. */
export type Verdict = 'reached' | 'missed' | 'undecided';

/** Resamples of a bootstrap: 2000 settle a 95 % interval (Efron and Tibshirani 1993, section 14.2: at least 1000). */
const RESAMPLES = 2000;

/** The middle value; of an even count the mean of the two in the middle. RangeError without values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which a share of the values lies, 0..1, linear between neighbours (Hyndman and Fan 1996, type 7). RangeError without values. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('quantile: there are no values');
  const sorted = [...values].sort((left, right) => left - right);
  const at = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN];
  return below + (above - below) * (at - Math.floor(at));
}

/**
 * Estimates the median with a percentile bootstrap interval (Efron 1979). The same values and seed give the same interval. One value has
 * no spread: its interval is itself.
 */
export function estimateMedian(values: readonly number[], seed: number): Estimate {
  const { uint32 } = randomStream(seed, 'bootstrap', values.length);
  const medians = Array.from({ length: RESAMPLES }, () => median(values.map(() => values[uint32() % values.length] ?? Number.NaN)));
  return { median: median(values), low: quantile(medians, 0.025), high: quantile(medians, 0.975) };
}

/** The order of measurements: pairs A B, B A, A B, ..., so that a drift of the machine hits both sides alike. */
export function abbaOrder(pairs: number): readonly (readonly [Side, Side])[] {
  return Array.from({ length: pairs }, (_, pair) => (pair % 2 === 0 ? ['ours', 'baseline'] : ['baseline', 'ours']));
}

/** Judges an estimate: only a whole interval on one side of the target decides. */
export function judge({ low, high }: Estimate, target: number): Verdict {
  if (high <= target) return 'reached';
  return low > target ? 'missed' : 'undecided';
}
