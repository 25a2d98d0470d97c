import type { Benchmark } from './benchmark.ts';
import { runChild } from './child.ts';

const EPOCHS = 8;

/** What batches of molecules cost the training thread. */
export const b21: Benchmark = {
  id: 'B21',
  title: 'graph batches',
  measures:
    'ms per step that the training thread spends on batches of molecules (asking for them, waiting, taking them, copying them to the device) when another thread builds them ahead / when it builds them itself',
  against: 'the same stage with its batches built when they are needed, in the same process',
  unit: 'ratio',
  absoluteUnit: 'ms',
  target: 0.6,
  stretch: 0.3,
  secondsPerPair: 8,
  async run({ samples }) {
    const { batches, steps, rows, batchSize } = await runChild('batch', { epochs: EPOCHS, samples });
    const sizes = `EGNN of the tutorial (c_hidden 12), ${rows} made-up molecules of 18 atoms, batch ${batchSize}, ${EPOCHS} epochs; edges are found in the first.`;
    const whole = steps.slice(1).map(({ ours, baseline }) => `${ours.toFixed(2)} / ${(baseline ?? 0).toFixed(2)}`);
    return [{ label: '', samples: batches, notes: [sizes, `The whole step in the same stages, ms ours / theirs: ${whole.join(', ')}.`] }];
  },
};
