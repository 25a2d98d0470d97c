import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test, { type TestContext } from 'node:test';
import { CancelledFailure, type Info } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { newestLeaseNumber, retryAfterMs, standstillMs, takeStageLease, waitForStage } from '../../activities/stage-lease.ts';
import { newestLease, takeLease } from '../../src/artifacts/leases.ts';
import { processIdentity, thisProcess } from '../../src/artifacts/process-identity.ts';
import { commitSnapshot, findNewestSnapshot } from '../../src/artifacts/snapshots.ts';
import type { ArtifactStore } from '../../src/artifacts/store.ts';
import { temporaryStore } from '../helpers/store-faults.ts';
import { makeSnapshot, STAGE_KEY as stageKey } from '../helpers/store-snapshots.ts';

/** Long enough never to be reached. */
const PATIENT = { standstillMs: 60_000, onWait: () => undefined };

/** An attempt of this activity, or of another one. */
function attemptOf(store: ArtifactStore, info: Partial<Info> = {}) {
  const env = new MockActivityEnvironment({ activityId: '7', ...info });
  return { env, attempt: { store, stageKey, context: env.context } };
}

const OTHER = { workflowExecution: { workflowId: 'other', runId: 'r' } };

/** A process that does nothing, and how to end it. */
async function idleProcess(t: TestContext) {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  const gone = once(child, 'exit');
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  return {
    pid: child.pid ?? 0,
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** Lets another run's process hold the stage. */
async function heldBy(store: ArtifactStore, pid: number) {
  const holder = { namespace: 'test', workflowId: 'other', runId: 'r', activityId: '7', attempt: 1, resumeStep: 0 };
  await takeLease(store, stageKey, { ...(await processIdentity(pid)), ...holder });
}

test('a stage that nobody holds is taken at once', async (t) => {
  assert.equal(await waitForStage(attemptOf(await temporaryStore(t)).attempt, PATIENT), undefined);
});

test('a later attempt of the same activity takes over at once, however alive the one before is', async (t) => {
  const store = await temporaryStore(t);
  const { attempt } = attemptOf(store);
  await takeStageLease(attempt, { trainerPid: process.pid, snapshotHint: 0 });
  assert.equal(await waitForStage(attemptOf(store, { attempt: 2 }).attempt, PATIENT), undefined);
});

test('another run waits while the holder lives, says for what, and takes over when it is dead', async (t) => {
  const store = await temporaryStore(t);
  const holder = await idleProcess(t);
  await heldBy(store, holder.pid);
  await commitSnapshot(store, stageKey, await makeSnapshot(store, undefined));
  const reasons: string[] = [];
  const waiting = waitForStage(attemptOf(store).attempt, {
    standstillMs: 60_000,
    onWait(reason) {
      reasons.push(reason);
      if (reasons.length === 2) void holder.kill();
    },
  });
  assert.equal(await waiting, undefined);
  assert.ok(reasons.length >= 2);
  assert.match(reasons[0] ?? '', new RegExp(`run "other" .*pid ${holder.pid}.* at step 10$`, 'u'));
});

test('a holder that commits nothing for too long is taken for gone; one that commits is waited for', async (t) => {
  const store = await temporaryStore(t);
  await heldBy(store, process.pid);
  let snapshot = await makeSnapshot(store, undefined);
  let waits = 0;
  const onWait = () => {
    waits += 1;
    if (waits > 2) return;
    void commitSnapshot(store, stageKey, snapshot).then(async () => {
      snapshot = await makeSnapshot(store, snapshot);
    });
  };
  // Polls come each second: without the two commits it would end after two.
  assert.equal(await waitForStage(attemptOf(store).attempt, { standstillMs: 1_500, onWait }), undefined);
  assert.ok(waits >= 4);
});

test('a stage that is trained is not waited for because its trainer lives: that one may do another stage', async (t) => {
  const store = await temporaryStore(t);
  await heldBy(store, process.pid);
  await commitSnapshot(store, stageKey, await makeSnapshot(store, undefined, { counters: { stoppedBy: 'max_epochs' } }));
  let waits = 0;
  const onWait = () => {
    waits += 1;
    assert.ok(waits < 30, 'it waits for the standstill');
  };
  assert.equal(await waitForStage(attemptOf(store).attempt, { standstillMs: 60_000, onWait }), undefined);
  assert.ok(waits > 1, 'the holder may be about to publish the result');
});

test('waiting changes nothing in the stage: what looks damaged may be being written', async (t) => {
  const store = await temporaryStore(t);
  const snapshot = await makeSnapshot(store, undefined);
  await commitSnapshot(store, stageKey, snapshot);
  await store.deleteBlob(snapshot.state); // as the holder does after its next snapshot
  await heldBy(store, process.pid);
  const { env, attempt } = attemptOf(store);
  const waiting = waitForStage(attempt, { standstillMs: 60_000, onWait: () => env.cancel() });
  await assert.rejects(waiting, CancelledFailure);
  assert.notEqual(await store.read(`stages/${stageKey}/snap-0`), undefined);
});

test('a cancel ends the waiting as a cancellation', async (t) => {
  const store = await temporaryStore(t);
  await heldBy(store, process.pid);
  const { env, attempt } = attemptOf(store);
  await assert.rejects(waitForStage(attempt, { standstillMs: 60_000, onWait: () => setImmediate(() => env.cancel()) }), CancelledFailure);
});

test('a holder stands still after three snapshot intervals, at least 45 s', () => {
  assert.equal(standstillMs({ everySeconds: 15, everySteps: null, keep: 2 }), 45_000);
  assert.equal(standstillMs({ everySeconds: 60, everySteps: null, keep: 2 }), 180_000);
  assert.equal(standstillMs({ everySeconds: null, everySteps: 5, keep: 2 }), 45_000);
});

test('five leases of one activity from one step are NO_PROGRESS; from the second on every step is saved', async (t) => {
  const store = await temporaryStore(t);
  const take = (info: Partial<Info> = {}) => takeStageLease(attemptOf(store, info).attempt, { trainerPid: process.pid, snapshotHint: 0 });
  const flags: boolean[] = [];
  for (let attempt = 1; attempt <= 4; attempt += 1) flags.push((await take({ attempt })).snapshotEveryStep);
  assert.deepEqual(flags, [false, true, true, true]);
  await assert.rejects(take({ attempt: 5 }), { code: 'NO_PROGRESS', message: /step 1 \(epoch 1, batch 1\) kills its trainer/u });
  assert.equal((await take({ activityId: '8' })).snapshotEveryStep, false, 'a retry by a person starts the count again');
});

test('a committed snapshot is progress', async (t) => {
  const store = await temporaryStore(t);
  const take = () => takeStageLease(attemptOf(store).attempt, { trainerPid: process.pid, snapshotHint: 0 });
  for (let attempt = 1; attempt <= 4; attempt += 1) await take();
  await commitSnapshot(store, stageKey, await makeSnapshot(store, undefined));
  for (let attempt = 1; attempt <= 4; attempt += 1) await take();
  await assert.rejects(take(), { code: 'NO_PROGRESS', details: { attempts: 5, step: 10, epoch: 0, batch: 10 } });
  assert.equal((await findNewestSnapshot(store, stageKey))?.n, 0);
});

test('a lease names the trainer it was taken for; one that is gone already holds nobody up', async (t) => {
  const store = await temporaryStore(t);
  const trainer = await idleProcess(t);
  await takeStageLease(attemptOf(store, OTHER).attempt, { trainerPid: trainer.pid, snapshotHint: 0 });
  assert.equal((await newestLease(store, stageKey))?.lease.pid, trainer.pid);
  await trainer.kill();
  await takeStageLease(attemptOf(store, OTHER).attempt, { trainerPid: trainer.pid, snapshotHint: 0 });
  assert.notEqual((await newestLease(store, stageKey))?.lease.processStartTime, (await thisProcess()).processStartTime);
  assert.equal(await waitForStage(attemptOf(store).attempt, { ...PATIENT, onWait: () => assert.fail('waited for the dead') }), undefined);
});

test('a stage that another run has begun since this attempt looked is left to it; a retry waits for it', async (t) => {
  const store = await temporaryStore(t);
  const seen = await newestLeaseNumber(attemptOf(store).attempt);
  await takeStageLease(attemptOf(store, { activityId: '8' }).attempt, { trainerPid: process.pid, snapshotHint: 0, seen });
  const late = takeStageLease(attemptOf(store).attempt, { trainerPid: process.pid, snapshotHint: 0, seen });
  await assert.rejects(late, { code: 'LEASE_LOST', message: /has begun the same stage first/u });
  assert.equal(await newestLeaseNumber(attemptOf(store).attempt), 0, 'no lease was taken');
});

test('a trainer that had made progress is followed at once, one that stands still ever later, at most after 30 s', () => {
  assert.deepEqual([1, 2, 3, 4, 9].map(retryAfterMs), [100, 400, 1_600, 6_400, 30_000]);
});
