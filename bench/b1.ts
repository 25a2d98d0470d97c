import { type Benchmark, measurePairs } from './benchmark.ts';
import { ensureBuild } from './build.ts';
import { prepareWorkload, runBare, runDurable, threeStages } from './durable-run.ts';
import { median } from './statistics.ts';
import { countSteps } from './workload.ts';

/** What being durable costs: the whole command against a loop that keeps nothing. */
export const b1: Benchmark = {
  id: 'B1',
  title: 'durable tax',
  measures:
    'wall of `rootstock run`, process start to exit, on three stages with a snapshot every 5 s (own server, worker, trainers, store) / wall of the same stages in a bare loop',
  against:
    'tf.variableGrads and the same optimizer on the same kernels in one process, no store, server, snapshots or logs; its clock starts when its modules are loaded (model.fit is in tfjs-layers, which is not a dependency)',
  unit: 'ratio',
  absoluteUnit: 's',
  target: 1.05,
  stretch: 1.01,
  secondsPerPair: 75,
  async run({ samples, seed, directory, say }) {
    ensureBuild(say);
    const workload = await prepareWorkload(threeStages(directory, seed), { kernels: 'pack', seconds: 32, say });
    const digests = new Set<string>();
    const [before, stages]: [number[], number[]] = [[], []];
    const pairs = await measurePairs(samples, {
      async ours(pair) {
        const { wallMs, beforeStagesMs, stagesMs, weightsSha256 } = await runDurable(workload, pair);
        digests.add(weightsSha256);
        before.push(beforeStagesMs);
        stages.push(stagesMs);
        say(`pair ${pair}: durable ${(wallMs / 1000).toFixed(1)} s`);
        return wallMs / 1000;
      },
      async baseline(pair) {
        const { wallMs, weightsSha256 } = await runBare(workload, 'pack');
        digests.add(weightsSha256);
        say(`pair ${pair}: bare ${(wallMs / 1000).toFixed(1)} s`);
        return wallMs / 1000;
      },
    });
    // The proof that both sides did the same work.
    if (digests.size !== 1) throw new Error(`the two sides ended with different weights: ${[...digests].join(', ')}`);
    const extra = median(pairs.slice(1).map(({ ours, baseline }) => ours - (baseline ?? 0)));
    return [
      {
        label: '',
        samples: pairs,
        notes: [
          `${countSteps(workload)} steps of batch 64, MLP 128-512-512-512-1, Adam, shuffle off.`,
          `Both sides end with the same weights, bit for bit.`,
          `Median difference ${extra.toFixed(1)} s. The durable run spends ${toSeconds(before)} s before the first stage trains and ${toSeconds(stages)} s in the stages.`,
        ],
      },
    ];
  },
};

function toSeconds(ms: readonly number[]): string {
  return (median(ms) / 1000).toFixed(1);
}
