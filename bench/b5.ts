import { type Benchmark, medianSample } from './benchmark.ts';
import { runChild } from './child.ts';
import type { PrefixJob, PrefixResult } from './prefix-child.ts';

const EPOCHS = 20;

/** What computing a frozen prefix once is worth. */
export const b5: Benchmark = {
  id: 'B5',
  title: 'frozen stage',
  measures: `wall of a stage of ${EPOCHS} epochs (or as many as it says) that trains the head alone, validating after each, with the frozen prefix computed once / in every step`,
  against: 'the same stage with prefix_cache: off, in the same process',
  unit: 'ratio',
  absoluteUnit: 's',
  target: 0.1,
  stretch: 0.05,
  secondsPerPair: 70,
  async run({ samples, say }) {
    const measurements = [];
    for (const [network, label, epochs, perProcess] of [
      ['mlp', 'MLP', EPOCHS, false],
      ['cnn', 'CNN', EPOCHS, false],
      // A tenth of a second: single pairs lie 20 % apart, and those of one process are alike, because V8 compiles otherwise in each.
      ['egnn', 'EGNN of the tutorial (c_hidden 12)', EPOCHS, true],
      ['egnn', 'EGNN of the tutorial (c_hidden 12), 100 epochs', 100, false],
      ['egnn_default', 'EGNN of default size (c_hidden 128)', EPOCHS, false],
    ] as const) {
      say(`training the head of the ${label}`);
      // Of so many processes the first is dropped, as it is of so many pairs.
      const runs = await runEach(perProcess ? samples + 1 : 1, { network, epochs, samples });
      const [{ pairs, rows, batchSize, frozen, trainable }] = runs;
      const found = perProcess ? runs.map((run) => medianSample(run.pairs.slice(1))) : pairs;
      measurements.push({
        label,
        samples: found.map(({ value, ours, baseline }) => ({ value, ours: ours / 1000, baseline: (baseline ?? 0) / 1000 })),
        notes: [
          `${frozen} frozen parameters, ${trainable} trained; ${rows} rows, batch ${batchSize}. The time of computing the prefix is included.`,
          ...(perProcess ? [`A sample is the median of ${samples} pairs in a process of its own, whose first pair is dropped.`] : []),
        ],
      });
    }
    return measurements;
  },
};

/** Does the same job in so many processes, one after the other. */
async function runEach(processes: number, job: PrefixJob): Promise<readonly [PrefixResult, ...PrefixResult[]]> {
  const runs: [PrefixResult, ...PrefixResult[]] = [await runChild('prefix', job)];
  while (runs.length < processes) runs.push(await runChild('prefix', job));
  return runs;
}
