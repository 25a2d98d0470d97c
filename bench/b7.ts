import type { Benchmark } from './benchmark.ts';
import { runChild } from './child.ts';

/** How long snapshots hold training up. */
export const b7: Benchmark = {
  id: 'B7',
  title: 'snapshot stall',
  measures: 'time training stands still for a snapshot / wall of its 20 steps and itself, with 50 MB of weights and Adam slots',
  against: 'the same run',
  unit: 'percent',
  absoluteUnit: 'ms',
  target: 0.005,
  stretch: 0.001,
  secondsPerPair: 6,
  async run({ samples, directory }) {
    const { cycles, stateBytes, copyMs } = await runChild('stall', { directory, snapshots: samples + 1 });
    return [
      {
        label: '',
        samples: cycles.map(({ stallMs, wallMs }) => ({ value: stallMs / wallMs, ours: stallMs, baseline: wallMs })),
        notes: [
          `Each sample is one snapshot of ${(stateBytes / 1e6).toFixed(1)} MB: copied to the host, hashed, written, fsync'ed and committed before training goes on.`,
          `Physical limit: copying as much memory once takes ${copyMs.toFixed(0)} ms.`,
        ],
      },
    ];
  },
};
