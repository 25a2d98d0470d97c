import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Benchmark, Sample } from './benchmark.ts';
import { ensureBuild } from './build.ts';
import { endRootstock, startRootstock } from './rootstock-command.ts';
import { hasStepped, momentOf } from './sample-logs.ts';

/** How long a new user waits for the first step. */
export const b17: Benchmark = {
  id: 'B17',
  title: 'cold start',
  measures:
    'seconds from the start of `rootstock run examples/api/run.yaml` to its first optimizer step: plan, a new server on an empty state directory, worker, load, trainer, dry run',
  against: 'nothing: an absolute figure',
  unit: 'seconds',
  absoluteUnit: 's',
  target: 3,
  stretch: 2,
  secondsPerPair: 5,
  async run({ samples, directory, say }) {
    ensureBuild(say);
    const found: Sample[] = [];
    for (let at = 0; at <= samples; at += 1) found.push(await startCold(join(directory, String(at))));
    return [{ label: '', samples: found, notes: ['The server binary is already in the cache; no directory has been used before.'] }];
  },
};

async function startCold(directory: string): Promise<Sample> {
  await mkdir(directory);
  await cp(fileURLToPath(new URL('../examples/api', import.meta.url)), directory, { recursive: true });
  // Somebody may have run the example in place: a finished model would be reused.
  for (const left of ['models', '.rootstock']) await rm(join(directory, left), { recursive: true, force: true });
  const { startedAt } = startRootstock(directory, ['run', 'run.yaml', '--json']);
  try {
    const moment = await momentOf('the first step', () => hasStepped(join(directory, '.rootstock')));
    const seconds = (moment - startedAt) / 1000;
    return { value: seconds, ours: seconds, baseline: null };
  } finally {
    await endRootstock(directory);
  }
}
