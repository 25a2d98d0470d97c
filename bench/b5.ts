import type { Benchmark } from './benchmark.ts';
import { runChild } from './child.ts';

const EPOCHS = 20;

/** Processes in which a stage of a tenth of a second is measured: single pairs of it lie 20 % apart, and V8 compiles otherwise in every process. */
const PROCESSES = 4;

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
    for (const [network, label, epochs, processes] of [
      ['mlp', 'MLP', EPOCHS, 1],
      ['cnn', 'CNN', EPOCHS, 1],
      ['egnn', 'EGNN of the tutorial (c_hidden 12)', EPOCHS, PROCESSES],
      ['egnn', 'EGNN of the tutorial (c_hidden 12), 100 epochs', 100, 1],
      ['egnn_default', 'EGNN of default size (c_hidden 128)', EPOCHS, 1],
    ] as const) {
      say(`training the head of the ${label}`);
      const { pairs, rows, batchSize, frozen, trainable } = await runChild('prefix', { network, epochs, samples });
      // The report drops the first pair of all.
      const all = [...pairs];
      while (all.length < 1 + processes * samples) all.push(...(await runChild('prefix', { network, epochs, samples })).pairs.slice(1));
      measurements.push({
        label,
        samples: all.map(({ value, ours, baseline }) => ({ value, ours: ours / 1000, baseline: (baseline ?? 0) / 1000 })),
        notes: [
          `${frozen} frozen parameters, ${trainable} trained; ${rows} rows, batch ${batchSize}. The time of computing the prefix is included.`,
          ...(processes === 1 ? [] : [`${processes} processes; the first pair of each is dropped.`]),
        ],
      });
    }
    return measurements;
  },
};
