import { b1 } from './b1.ts';
import { b2 } from './b2.ts';
import { b4 } from './b4.ts';
import { b5 } from './b5.ts';
import { b6 } from './b6.ts';
import { b7 } from './b7.ts';
import { b9 } from './b9.ts';
import { b13 } from './b13.ts';
import { b17 } from './b17.ts';
import { b21 } from './b21.ts';
import type { Benchmark } from './benchmark.ts';

/** Every benchmark, in order. */
export const BENCHMARKS: readonly Benchmark[] = [b1, b2, b4, b5, b6, b7, b9, b13, b17, b21];

/** What --quick runs. */
export const QUICK: readonly Benchmark[] = [b6, b7, b9, b17];

/** Finds benchmarks by name, in any case, in the order given. Throws an Error that lists what there is. */
export function findBenchmarks(names: readonly string[]): readonly Benchmark[] {
  return names.map((name) => {
    const found = BENCHMARKS.find(({ id }) => id.toLowerCase() === name.toLowerCase());
    if (found === undefined) throw new Error(`there is no benchmark "${name}"; there are ${BENCHMARKS.map(({ id }) => id).join(', ')}`);
    return found;
  });
}
