import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import test from 'node:test';
import { CancelledFailure } from '@temporalio/activity';
import { ActivityCancellationDetails } from '@temporalio/common';
import { findNewestSnapshot } from '../../src/artifacts/snapshots.ts';
import type { TrainHeartbeat } from '../../src/contracts/run-state.ts';
import type { StageResult, TrainResult } from '../../src/contracts/stage-activities.ts';
import { sampleLogDirectory } from '../../src/contracts/state-directory.ts';
import { readProcessIdentity } from '../../src/processes/process-identity.ts';
import { MODEL_ENV } from '../helpers/e2e-model.ts';
import { until, untilSome } from '../helpers/e2e-wait.ts';
import { type ActivityRun, type Attempt, attempt, documentWith, makeRun, type ReadyToTrain, readyToTrain } from './support.ts';

/** A stage takes its trainer 1.5 s, so that it can be hit in the middle. */
process.env[MODEL_ENV.delay] = '25';

/** No snapshot comes by itself before the end of the stage. */
const NO_SNAPSHOTS = { snapshot: { every_steps: 1_000 } };

/** Waits for a heartbeat that says so. */
function heartbeat({ heartbeats }: Attempt, matches: (beat: TrainHeartbeat) => boolean): Promise<TrainHeartbeat> {
  return untilSome(() => (heartbeats as TrainHeartbeat[]).find(matches), 'a heartbeat');
}

/** Ends a stage as the workflow would. */
function checkpoint(run: ActivityRun, { input, frozen }: ReadyToTrain, trained: TrainResult): Promise<StageResult> {
  return attempt(run).checkpoint({ ...input, trained, frozenParameters: frozen.frozenParameters });
}

let golden: Promise<StageResult> | undefined;

/** The first stage's result when nothing disturbs it. */
function goldenStage(run: ActivityRun, ready: ReadyToTrain): Promise<StageResult> {
  golden ??= attempt(run)
    .train(ready.input)
    .then((trained) => checkpoint(run, ready, trained));
  return golden;
}

test('a stage is trained in another process, told about in heartbeats, which waits for the next one', async (t) => {
  const run = await makeRun(t);
  const ready = await readyToTrain(run);
  const training = attempt(run);
  const beatsDuring = heartbeat(training, ({ trainerPid }) => trainerPid !== null).then(({ trainerPid }) => trainerPid);
  const trained = await training.train(ready.input);
  assert.deepEqual([trained.steps, trained.epochs, trained.stoppedBy], [60, 2, 'max_epochs']);
  assert.ok(Number(trained.metrics['val/total/loss']) > 0);
  assert.equal((await findNewestSnapshot(run.deps.store, ready.input.stageKey))?.stateDigest, trained.stateDigest);
  const last = training.heartbeats.at(-1) as TrainHeartbeat;
  assert.deepEqual([last.progress, last.step, last.totalSteps, last.snapshotStep], ['100 %', 60, 60, 60]);
  const pid = await beatsDuring;
  assert.notEqual(pid, process.pid);
  assert.notEqual(readProcessIdentity(pid ?? 0), null, 'another stage follows');
  run.deps.trainers.close();
  await until(() => readProcessIdentity(pid ?? 0) === null, 'the trainer to be gone');
  assert.ok(Buffer.byteLength(JSON.stringify(last)) <= 2_048, 'heartbeat details stay small');
  golden = checkpoint(run, ready, trained);
  await golden;
});

test('a cancelled training saves a snapshot, says which, and the next attempt goes on from it to the same weights', async (t) => {
  const run = await makeRun(t, documentWith(NO_SNAPSHOTS));
  const ready = await readyToTrain(run);
  const first = attempt(run);
  const training = first.train(ready.input);
  await heartbeat(first, ({ step }) => step > 0);
  first.env.cancel();
  const failure: unknown = await training.then(() => undefined).catch((error: unknown) => error);
  assert.ok(failure instanceof CancelledFailure);
  const [details] = failure.details as [TrainHeartbeat];
  const saved = await findNewestSnapshot(run.deps.store, ready.input.stageKey);
  assert.ok(saved !== undefined && saved.step > 0 && saved.step < 60);
  assert.deepEqual([details.snapshot, details.snapshotStep], [saved.n, saved.step]);
  assert.equal(readProcessIdentity(details.trainerPid ?? 0), null, 'the trainer has gone before the activity ends');

  const second = attempt(run, { attempt: 2, heartbeatDetails: details });
  const trained = await second.train(ready.input);
  const { resumedFromStep } = second.heartbeats.at(-1) as TrainHeartbeat;
  assert.equal(resumedFromStep, saved.step);
  assert.equal((await checkpoint(run, ready, trained)).weights.digest, (await goldenStage(run, ready)).weights.digest);
  assert.deepEqual(await readdir(sampleLogDirectory(run.stateDir, ready.input.stageKey)), [
    'committed.jsonl',
    'lease-0.jsonl',
    'lease-1.jsonl',
  ]);
});

test('an attempt that the server has forgotten commits nothing: another one may own the stage', async (t) => {
  const run = await makeRun(t, documentWith(NO_SNAPSHOTS));
  const ready = await readyToTrain(run);
  const first = attempt(run);
  const training = first.train(ready.input);
  const { trainerPid } = await heartbeat(first, ({ step }) => step > 0);
  first.env.cancel('TIMED_OUT', new ActivityCancellationDetails({ timedOut: true }));
  await assert.rejects(training, CancelledFailure);
  assert.equal(await findNewestSnapshot(run.deps.store, ready.input.stageKey), undefined);
  assert.equal(readProcessIdentity(trainerPid ?? 0), null);
});

test('a cancel before the trainer has begun ends the activity as cancelled', async (t) => {
  const run = await makeRun(t);
  const { input } = await readyToTrain(run);
  const training = attempt(run);
  training.env.cancel();
  await assert.rejects(training.train(input), CancelledFailure);
});

test('two runs that need the same stage train it once: the second one waits and says for whom', async (t) => {
  const run = await makeRun(t);
  const ready = await readyToTrain(run);
  const [ours, theirs] = [attempt(run), attempt(run, { workflowExecution: { workflowId: 'other-run', runId: 'r' } })];
  const training = theirs.train(ready.input);
  await heartbeat(theirs, ({ step }) => step > 0);
  const waiting = ours.train(ready.input);
  const { waitingFor, trainerPid } = await heartbeat(ours, (beat) => beat.waitingFor !== null);
  assert.match(waitingFor ?? '', /run "other-run" .*trains the same stage; it is at step \d+/u);
  assert.equal(trainerPid, null, 'no trainer of its own meanwhile');
  const result = await checkpoint(run, ready, await training);
  const found = await waiting;
  assert.equal(found.stoppedBy, 'another run');
  assert.deepEqual([found.steps, found.epochs, found.metrics], [result.steps, result.epochs, result.metrics]);
  assert.deepEqual(await checkpoint(run, ready, found), result);
});

test('a trainer that dies fails the attempt so that it is tried again, and the next one resumes', async (t) => {
  const run = await makeRun(t);
  const ready = await readyToTrain(run);
  const first = attempt(run);
  const training = first.train(ready.input);
  const beat = await heartbeat(first, ({ snapshot, trainerPid }) => snapshot > 0 && trainerPid !== null);
  process.kill(beat.trainerPid ?? 0, 'SIGKILL');
  await assert.rejects(training, { type: 'TRAINER_DIED', nonRetryable: false, message: /SIGKILL/u });
  const second = attempt(run, { attempt: 2, heartbeatDetails: first.heartbeats.at(-1) });
  const trained = await second.train(ready.input);
  assert.ok((second.heartbeats.at(-1) as TrainHeartbeat).resumedFromStep >= beat.snapshotStep);
  assert.equal((await checkpoint(run, ready, trained)).weights.digest, (await goldenStage(run, ready)).weights.digest);
});

test('heartbeat details that make no sense are no more than a lost hint, and a finished stage is not trained again', async (t) => {
  const run = await makeRun(t, documentWith({ max_epochs: 1, limit_train_batches: 2 }));
  const { input } = await readyToTrain(run);
  const first = await attempt(run, { heartbeatDetails: { snapshot: 77 } }).train(input);
  assert.equal(first.steps, 2);
  // As after a worker that died between the last snapshot and its report.
  const second = attempt(run, { heartbeatDetails: 'text' });
  assert.deepEqual(await second.train(input), first);
  assert.equal((second.heartbeats.at(-1) as TrainHeartbeat).resumedFromStep, 2);
});
