import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import {
  countStalledAttempts,
  isHolderDead,
  isLeaseCurrent,
  type LeaseDocument,
  type LeaseHolder,
  newestLease,
  takeLease,
} from '../../src/artifacts/leases.ts';
import { describeProcess, processIdentity, thisProcess } from '../../src/artifacts/process-identity.ts';
import { temporaryStore } from '../helpers/store-faults.ts';
import { STAGE_KEY } from '../helpers/store-snapshots.ts';

async function holder(change: Partial<LeaseHolder> = {}): Promise<LeaseHolder> {
  const names = { namespace: 'default', workflowId: 'w', runId: 'r', activityId: 'a' };
  return { ...(await thisProcess()), ...names, attempt: 1, resumeStep: 0, ...change };
}

const lease = (change: Partial<LeaseDocument>): LeaseDocument => ({
  token: 't',
  namespace: 'default',
  workflowId: 'w',
  runId: 'r',
  activityId: 'a',
  attempt: 1,
  host: 'h',
  pid: 1,
  processStartTime: 's',
  createdAt: '2025-01-01T00:00:00.000Z',
  resumeStep: 0,
  ...change,
});

test('each attempt takes the next lease, and only the newest is current', async (context) => {
  const store = await temporaryStore(context);
  assert.equal(await newestLease(store, STAGE_KEY), undefined);
  const first = await takeLease(store, STAGE_KEY, await holder());
  assert.equal(await isLeaseCurrent(store, STAGE_KEY, first.number), true);
  const second = await takeLease(store, STAGE_KEY, await holder({ resumeStep: 20 }));
  assert.deepEqual([first.number, second.number], [0, 1]);
  assert.equal(await isLeaseCurrent(store, STAGE_KEY, 0), false);
  assert.equal(await isLeaseCurrent(store, STAGE_KEY, 1), true);
  assert.deepEqual(
    second.history.map(({ resumeStep }) => resumeStep),
    [0, 20],
  );
  assert.equal((await newestLease(store, STAGE_KEY))?.lease.token, second.token);
});

test('attempts that take a lease at the same moment get different numbers', async (context) => {
  const store = await temporaryStore(context);
  const taken = await Promise.all(Array.from({ length: 8 }, async () => takeLease(store, STAGE_KEY, await holder())));
  assert.deepEqual(new Set(taken.map(({ number }) => number)).size, 8);
  assert.equal(new Set(taken.map(({ token }) => token)).size, 8);
});

test('a rotten lease is passed over and its number is not given out again below newer ones', async (context) => {
  const store = await temporaryStore(context);
  for (let i = 0; i < 3; i += 1) await takeLease(store, STAGE_KEY, await holder({ resumeStep: i }));
  const path = join(store.location, 'refs', 'stages', STAGE_KEY, 'lease-1');
  await writeFile(path, (await readFile(path)).fill(0x20, 100, 110));
  for (const expected of [3, 4]) {
    const { number, history } = await takeLease(store, STAGE_KEY, await holder({ resumeStep: 9 }));
    assert.equal(number, expected);
    assert.deepEqual(
      history.slice(0, 2).map(({ resumeStep }) => resumeStep),
      [0, 2],
    );
  }
});

test('attempts without progress are counted from the newest back, within one activity', () => {
  assert.equal(countStalledAttempts([]), 0);
  assert.equal(countStalledAttempts([lease({})]), 1);
  assert.equal(
    countStalledAttempts([lease({}), lease({}), lease({ resumeStep: 10 }), lease({ resumeStep: 10 }), lease({ resumeStep: 10 })]),
    3,
  );
  assert.equal(countStalledAttempts([lease({ resumeStep: 10 }), lease({ resumeStep: 0 }), lease({ resumeStep: 10 })]), 1);
  // A person's retry is another activity, and a restarted workflow another run.
  assert.equal(countStalledAttempts([lease({}), lease({}), lease({ activityId: 'b' })]), 1);
  assert.equal(countStalledAttempts([lease({}), lease({ runId: 'r2' }), lease({ runId: 'r2' })]), 2);
});

test('a holder is dead when its process has gone or its pid belongs to a later one, and never on another host', async () => {
  const own = lease(await thisProcess());
  assert.equal(await isHolderDead(own), false);
  assert.equal(await isHolderDead({ ...own, processStartTime: 'earlier' }), true);
  assert.equal(await isHolderDead({ ...own, processStartTime: 'earlier', host: 'another-host' }), false);

  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  const identity = await processIdentity(child.pid ?? 0);
  assert.deepEqual(identity, await describeProcess(child.pid ?? 0));
  assert.equal(await isHolderDead(lease(identity)), false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(await isHolderDead(lease(identity)), true);
  assert.equal(await isHolderDead(lease(await processIdentity(child.pid ?? 0))), true);
});
