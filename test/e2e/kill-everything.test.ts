import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomStream } from '../../src/random/stream.ts';
import { checkClean, checkGolden, untilStep } from '../helpers/e2e-checks.ts';
import { runCli, runWords, startCli } from '../helpers/e2e-cli.ts';
import { goldenOf } from '../helpers/e2e-golden.ts';
import { killEverythingOf, processesOf } from '../helpers/e2e-processes.ts';
import { makeWorkspace, runDocument, STEPS } from '../helpers/e2e-workspace.ts';

/** Another seed gives other moments; the result has to be the same with any. */
const SEED = Number(process.env['ROOTSTOCK_E2E_SEED'] ?? 1);

test(`kill -9 of every process at five moments (seed ${SEED}) and the same command again end with the golden weights`, async (t) => {
  const golden = await goldenOf(runDocument());
  const workspace = await makeWorkspace(t);
  const random = randomStream(SEED, 'kill-everything');
  const kills = golden.stages.map(() => 0);
  const strike = async (wait: () => Promise<void>) => {
    const cli = startCli(workspace, runWords(workspace));
    await cli.during(wait);
    await killEverythingOf(workspace.root);
    assert.equal((await cli.ended).code, null, 'the command was killed, it did not end by itself');
    assert.deepEqual(processesOf(workspace.root), []);
  };
  // One anywhere between planning and the first steps, then two in each stage at growing steps.
  await strike(() => sleep(4_000 * random.uniform()));
  kills[0] = 1;
  for (const [index, stage] of golden.stages.entries()) {
    for (const half of [0, 1]) {
      const step = Math.floor((STEPS / 2) * (half + 0.9 * random.uniform())) + 1;
      t.diagnostic(`stage ${stage.name}: killed after step ${step}`);
      await strike(() => untilStep(workspace, stage.stageKey, step));
      kills[index] = (kills[index] ?? 0) + 1;
    }
  }
  await checkGolden(await runCli(workspace, runWords(workspace)), { workspace, golden, kills });
  await checkClean(workspace);
});
