import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFsStore } from '../src/artifacts/fs-store.ts';
import { newestLease } from '../src/artifacts/leases.ts';
import type { ArtifactStore } from '../src/artifacts/store.ts';
import { stateLayout } from '../src/contracts/state-directory.ts';
import type { Benchmark, Sample } from './benchmark.ts';
import { ensureBuild } from './build.ts';
import { endRootstock, startRootstock } from './rootstock-command.ts';
import { hasStepped, leaseHasStepped, loggedStages, momentOf, readLease } from './sample-logs.ts';
import { FILES, type Workload, writeWorkload } from './workload.ts';

const INTERVAL_S = 5;

/** How far into an interval the trainer is killed; what is lost is that much, recovery does not depend on it. */
const AFTER_SNAPSHOT_MS = 500;

/** How soon a stage trains again after its trainer was killed. */
export const b9: Benchmark = {
  id: 'B9',
  title: 'recovery',
  measures:
    'time from SIGKILL of the trainer to the first optimizer step of the next one (retry, new process, backend, restore, dry run, step) / snapshot interval of 5 s',
  against: 'the interval: recovery and lost work together stay near one interval',
  unit: 'ratio',
  absoluteUnit: 's',
  target: 0.25,
  stretch: 0.12,
  secondsPerPair: 12,
  async run({ samples, seed, directory, say }) {
    ensureBuild(say);
    const kills: Kill[] = [];
    // One kill per run: Temporal doubles its wait with every attempt of an activity, so that a second kill is not another sample of the first.
    for (let at = 0; at <= samples; at += 1) kills.push(await killOnce(endless(join(directory, String(at)), seed)));
    return [
      {
        label: '',
        samples: kills.map(({ sample }) => sample),
        notes: [
          'MLP 128-512-512-512-1, state of 7 MB. The first kill of a run, each in a run of its own: the retry waits 0.1 s after it, and 0.2 s, 0.4 s, 0.8 s, ... after later ones of the same stage.',
          `Killed ${AFTER_SNAPSHOT_MS} ms after a snapshot; steps repeated: ${kills.map(({ repeated }) => repeated).join(', ')}.`,
        ],
      },
    ];
  },
};

interface Kill {
  readonly sample: Sample;
  readonly repeated: number;
}

/** Starts a run, kills its trainer once, and ends the run when the next trainer has stepped. */
async function killOnce(workload: Workload): Promise<Kill> {
  const { directory } = workload;
  await mkdir(directory);
  await writeWorkload(workload);
  startRootstock(directory, ['--state', 'state', 'run', FILES.run, '--json']);
  const stateDir = join(directory, 'state');
  try {
    await momentOf('the first step', () => hasStepped(stateDir));
    const store = await openFsStore(stateLayout(stateDir).store);
    return await killTrainer({ store, stateDir, stageKey: loggedStages(stateDir)[0] ?? '' });
  } finally {
    await endRootstock(directory);
  }
}

interface Stage {
  readonly store: ArtifactStore;
  readonly stateDir: string;
  readonly stageKey: string;
}

async function killTrainer({ store, stateDir, stageKey }: Stage): Promise<Kill> {
  const newest = await newestLease(store, stageKey);
  if (newest === undefined) throw new Error('nobody holds the stage that trains');
  const { number, lease } = newest;
  await momentOf('a snapshot', () => readLease(stateDir, stageKey, number).snapshots > 0);
  await sleep(AFTER_SNAPSHOT_MS);
  const killed = performance.now();
  process.kill(lease.pid, 'SIGKILL');
  const stepped = await momentOf('the next trainer to step', () => leaseHasStepped(stateDir, stageKey, number + 1));
  const seconds = (stepped - killed) / 1000;
  await momentOf('a whole line', () => readLease(stateDir, stageKey, number + 1).first > 0);
  const repeated = readLease(stateDir, stageKey, number).last - readLease(stateDir, stageKey, number + 1).first + 1;
  return { sample: { value: seconds / INTERVAL_S, ours: seconds, baseline: INTERVAL_S }, repeated };
}

/** One stage that is never done within the benchmark. */
function endless(directory: string, seed: number): Workload {
  const stages = [{ name: 'all', freeze: [], epochs: 1_000_000 }];
  return { directory, seed, rows: 4096, width: 128, numLayers: 4, hiddenDim: 512, batchSize: 64, lr: 1e-4, stages };
}
