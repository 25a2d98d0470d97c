import type { Benchmark } from './benchmark.ts';
import { runChild } from './child.ts';

const EPOCHS = 20;

/** A stage of a tenth of a second is measured so many times as often: single pairs of it lie 20 % apart, and the others take a minute. */
const SHORT = 4;

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
  secondsPerPair: 60,
  async run({ samples, say }) {
    const measurements = [];
    for (const [network, label, epochs, times] of [
      ['mlp', 'MLP', EPOCHS, 1],
      ['cnn', 'CNN', EPOCHS, 1],
      ['egnn', 'EGNN of the tutorial (c_hidden 12)', EPOCHS, SHORT],
      ['egnn', 'EGNN of the tutorial (c_hidden 12), 100 epochs', 100, 1],
      ['egnn_default', 'EGNN of default size (c_hidden 128)', EPOCHS, 1],
    ] as const) {
      say(`training the head of the ${label}`);
      const { pairs, rows, batchSize, frozen, trainable } = await runChild('prefix', { network, epochs, samples: times * samples });
      measurements.push({
        label,
        samples: pairs.map(({ value, ours, baseline }) => ({ value, ours: ours / 1000, baseline: (baseline ?? 0) / 1000 })),
        notes: [
          `${frozen} frozen parameters, ${trainable} trained; ${rows} rows, batch ${batchSize}. The time of computing the prefix is included.`,
        ],
      });
    }
    return measurements;
  },
};
