import { abbaOrder, median, type Side } from './statistics.ts';

/** How a figure is written: a ratio, a share of one, seconds. */
export type Unit = 'ratio' | 'percent' | 'seconds';

/** How the two absolute numbers of a sample are written. */
export type AbsoluteUnit = 's' | 'ms' | 'MiB';

/** What a benchmark measures and what it aims at. Smaller is better everywhere. */
export interface Benchmark {
  /** B1, B2, ... */
  readonly id: string;
  readonly title: string;
  /** What is divided by what. */
  readonly measures: string;
  /** What the figure is held against. */
  readonly against: string;
  readonly unit: Unit;
  readonly absoluteUnit: AbsoluteUnit;
  readonly target: number;
  readonly stretch: number;
  /** Roughly how long a pair takes, in seconds, for --list. */
  readonly secondsPerPair: number;
  run(options: BenchmarkOptions): Promise<readonly Measurement[]>;
}

/** What every benchmark is told. */
export interface BenchmarkOptions {
  /** Samples that count. One more is taken first and dropped: caches and the disk are cold then. */
  readonly samples: number;
  readonly seed: number;
  /** An empty directory of its own; removed afterwards. */
  readonly directory: string;
  /** Says what is going on. */
  readonly say: (text: string) => void;
}

/** One figure of a benchmark. */
export interface Measurement {
  /** Tells figures of one benchmark apart: "MLP", "CNN"; empty for the only one. */
  readonly label: string;
  /** The first one is dropped. */
  readonly samples: readonly Sample[];
  /** Sizes, counts and checks that a reader needs to judge the figure. */
  readonly notes: readonly string[];
  /** How its absolute numbers are written, where that is not the benchmark's. */
  readonly absoluteUnit?: AbsoluteUnit;
}

/** One sample: the figure and the absolute numbers behind it, null where there is no baseline. */
export interface Sample {
  readonly value: number;
  readonly ours: number;
  readonly baseline: number | null;
}

/** Measures both sides in turn, A B B A, and divides: one pair more than asked for, whose first is to be dropped. */
export async function measurePairs(
  samples: number,
  sides: Readonly<Record<Side, (pair: number) => Promise<number>>>,
): Promise<readonly Sample[]> {
  const found: Sample[] = [];
  for (const [pair, order] of abbaOrder(samples + 1).entries()) {
    const numbers = { ours: 0, baseline: 0 };
    for (const side of order) numbers[side] = await sides[side](pair);
    found.push(toSample(numbers.ours, numbers.baseline));
  }
  return found;
}

/** A sample whose figure is the ratio of its two numbers. */
export function toSample(ours: number, baseline: number): Sample {
  return { value: ours / baseline, ours, baseline };
}

/** One sample of several that belong together, such as those of one process: the median of each of their numbers. */
export function medianSample(samples: readonly Sample[]): Sample {
  const baselines = samples.flatMap(({ baseline }) => (baseline === null ? [] : [baseline]));
  return {
    value: median(samples.map(({ value }) => value)),
    ours: median(samples.map(({ ours }) => ours)),
    baseline: baselines.length === 0 ? null : median(baselines),
  };
}
