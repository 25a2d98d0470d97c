import { type Benchmark, medianSample, type Sample } from './benchmark.ts';
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
      const job = { network, epochs, samples };
      const first = await runChild('prefix', job);
      const found = perProcess ? await onePerProcess(job, first) : first.pairs;
      const { rows, batchSize, frozen, trainable } = first;
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

/** The median pair of each of so many processes, the first pair of each left out, and one process more than asked for. */
async function onePerProcess(job: PrefixJob, first: PrefixResult): Promise<readonly Sample[]> {
  const found = [medianSample(first.pairs.slice(1))];
  while (found.length < job.samples + 1) found.push(medianSample((await runChild('prefix', job)).pairs.slice(1)));
  return found;
}
