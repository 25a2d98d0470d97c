import assert from 'node:assert/strict';
import test from 'node:test';
import { newestLease } from '../../src/artifacts/leases.ts';
import { findNewestSnapshot, readSnapshotChain } from '../../src/artifacts/snapshots.ts';
import type { TrainInput, TrainResult } from '../../src/contracts/stage-activities.ts';
import { runStages, type StageSteps } from '../../workflows/run-stages.ts';
import { goldenOf } from '../helpers/e2e-golden.ts';
import { MODEL_ENV } from '../helpers/e2e-model.ts';
import { checkSampleLogs, lastLoggedStep } from '../helpers/e2e-samples.ts';
import { until } from '../helpers/e2e-wait.ts';
import { runDocument, SNAPSHOT_STEPS } from '../helpers/e2e-workspace.ts';
import { type ActivityRun, attempt, makeRun, prepare, stepsOf, UNOBSERVED } from './support.ts';

/** In the middle of the stage and of a snapshot interval, in the first steps, and after the last one. */
const MOMENTS = [[23], [3, 58]] as const;

/** Trains with the trainer killed at these steps, retrying as Temporal does. */
async function trainKilled(run: ActivityRun, input: TrainInput, moments: readonly number[]): Promise<TrainResult> {
  for (const step of moments) {
    const training = attempt(run).train(input);
    const failed = assert.rejects(training, { type: 'TRAINER_DIED', nonRetryable: false });
    await until(async () => (await lastLoggedStep(run.stateDir, input.stageKey)) >= step, `step ${step}`);
    const holder = await newestLease(run.deps.store, input.stageKey);
    process.kill(holder?.lease.pid ?? 0, 'SIGKILL');
    await failed;
  }
  return attempt(run).train(input);
}

test('without Temporal: stages whose trainers are killed end with the golden weights, metrics and samples', async (t) => {
  const golden = await goldenOf(runDocument());
  process.env[MODEL_ENV.delay] = '25'; // slow enough to be hit at a step
  const run = await makeRun(t);
  const { summary, loaded, matched } = await prepare(run);
  const steps: StageSteps = { ...stepsOf(run), train: (input) => trainKilled(run, input, MOMENTS[input.stage] ?? []) };
  const stages = await runStages({ summary, data: loaded.data, initialWeights: matched.weights, finished: [] }, steps, UNOBSERVED);
  for (const [index, stage] of stages.entries()) {
    const { log, ...expected } = golden.stages[index] ?? { log: [] };
    assert.deepEqual(stage, expected, 'weights, ledger, metrics and receipt');
    const { repeatedSteps, attempts } = await checkSampleLogs(run.stateDir, stage.stageKey, log);
    const kills = MOMENTS[index]?.length ?? 0;
    assert.equal(attempts, kills + 1);
    assert.ok(repeatedSteps <= kills * SNAPSHOT_STEPS, `${repeatedSteps} repeated steps for ${kills} kills`);
    const newest = await findNewestSnapshot(run.deps.store, stage.stageKey);
    assert.ok(newest !== undefined);
    const leases = (await readSnapshotChain(run.deps.store, stage.stageKey, newest)).map(({ envelope }) => envelope.lease);
    assert.deepEqual(
      leases,
      [...leases].sort((left, right) => left - right),
      'no attempt committed anything after the next one had begun',
    );
  }
});

test('stages that nothing disturbs are trained by one process and end as in one each', async (t) => {
  const golden = await goldenOf(runDocument());
  process.env[MODEL_ENV.delay] = '0';
  const run = await makeRun(t);
  const { summary, loaded, matched } = await prepare(run);
  const input = { summary, data: loaded.data, initialWeights: matched.weights, finished: [] };
  const stages = await runStages(input, stepsOf(run), UNOBSERVED);
  const expected = golden.stages.map(({ log: _log, ...stage }) => stage);
  assert.deepEqual(stages, expected);
  const holders = await Promise.all(stages.map(({ stageKey }) => newestLease(run.deps.store, stageKey)));
  assert.equal(holders.length, 2);
  assert.equal(new Set(holders.map((holder) => `${holder?.lease.pid} ${holder?.lease.processStartTime}`)).size, 1);
});
