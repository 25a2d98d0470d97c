import type { Benchmark } from './benchmark.ts';
import { runChild } from './child.ts';

/** What our loop adds to a step. */
export const b6: Benchmark = {
  id: 'B6',
  title: 'loop overhead',
  measures:
    "ms per step of the product's loop (row gathering, sample log in a file, progress messages, loss reading, an event loop turn) / ms per step of a raw loop",
  against: 'tf.variableGrads and the same optimizer on views of the data, in the same process',
  unit: 'ratio',
  absoluteUnit: 'ms',
  target: 1.03,
  stretch: 1.01,
  secondsPerPair: 8,
  async run({ samples, directory }) {
    const measurements = [];
    for (const [network, steps] of [
      ['mlp', 600],
      ['cnn', 120],
    ] as const) {
      const result = await runChild('loop', { network, steps, samples, directory });
      const sizes = `${result.parameters} parameters, batch ${result.batchSize}, ${steps} steps a pass; no snapshots (B7 has them).`;
      const label = network.toUpperCase();
      measurements.push({ label, samples: result.wall, notes: [sizes] });
      measurements.push({ label: `${label}, processor time`, samples: result.cpu, notes: ['The same passes.'] });
    }
    return measurements;
  },
};
