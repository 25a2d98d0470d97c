import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import test from 'node:test';
import { createActivityNews } from '../../src/client/activity-events.ts';
import { activityText } from '../../src/client/activity-text.ts';
import { type PendingActivity, pendingActivities } from '../../src/client/pending-activity.ts';
import { livingWorkers } from '../../src/client/polling-workers.ts';
import type { TrainHeartbeat } from '../../src/contracts/run-state.ts';

const NOW = Date.parse('2026-01-01T00:01:00Z');
const at = (secondsAgo: number) => ({ seconds: String(NOW / 1000 - secondsAgo), nanos: 0 });

/** As `describe` answers, protobuf's enums as numbers and its 64-bit numbers as text. */
const described = (pending: object) => pendingActivities({ raw: { pendingActivities: [pending] } }, NOW)[0] as PendingActivity;

const STOPPED = {
  message: 'Worker is shutting down and this activity did not complete in time',
  applicationFailureInfo: { type: 'WorkerShutdown' },
};
const LOST = { message: 'activity Heartbeat timeout', timeoutFailureInfo: { timeoutType: 4 } };
const DISK = { message: 'The disk is full.\nFix: make room.', applicationFailureInfo: { type: 'STORE_IO' } };

const train = (more: object) => described({ activityType: { name: 'train' }, attempt: 3, state: 1, scheduledTime: at(20), ...more });

test('an attempt that no worker has taken says so, and that nothing was wrong with the one before', () => {
  const pending = train({ lastFailure: STOPPED, lastWorkerIdentity: 'rootstock here pid 1' });
  assert.deepEqual([pending.state, pending.last_failure?.kind, pending.next_attempt_at], ['scheduled', 'worker_stopped', null]);
  assert.equal(activityText(pending, NOW, 'train of head'), 'train of head, attempt 3: waits for a worker; the worker before was stopped');
  assert.match(activityText(train({ lastFailure: LOST }), NOW), /the worker before was lost/u);
});

test('an attempt that waits for its time says how long, and what the one before failed with, its fix included', () => {
  const pending = described({
    activityType: { name: 'publish' },
    attempt: 4,
    state: 1,
    nextAttemptScheduleTime: at(-12),
    lastFailure: DISK,
  });
  assert.equal(pending.state, 'retrying');
  assert.equal(pending.next_attempt_at, '2026-01-01T00:01:12.000Z');
  assert.equal(
    activityText(pending, NOW),
    'publish, attempt 4: begins in 12 s; the one before failed with STORE_IO: The disk is full.\nFix: make room.',
  );
});

test('an attempt at work says where and when it was heard of', () => {
  const pending = train({
    attempt: 1,
    state: 2,
    lastWorkerIdentity: 'rootstock here pid 1',
    lastHeartbeatTime: at(3),
    lastStartedTime: at(9),
  });
  assert.equal(activityText(pending, NOW), 'train: at work in rootstock here pid 1, last heard of 3 s ago');
  assert.equal(pending.started_at, '2026-01-01T00:00:51.000Z');
});

const BEAT = {
  step: 90,
  totalSteps: 100,
  snapshot: 4,
  snapshotStep: 80,
  resumedFromStep: 80,
  waitingFor: null,
  stage: 0,
} as unknown as TrainHeartbeat;

const attempt = (more: Partial<PendingActivity>): readonly PendingActivity[] => [
  {
    activity: 'train',
    state: 'running',
    attempt: 2,
    worker: null,
    started_at: '2026-01-01T00:00:10Z',
    last_heartbeat_at: '2026-01-01T00:00:11Z',
    next_attempt_at: null,
    last_failure: { kind: 'worker_stopped', code: 'WorkerShutdown', message: STOPPED.message },
    heartbeat: BEAT,
    ...more,
  },
];

test('an attempt that took over says from where, and one that nobody has taken where the last one was', () => {
  const [running] = attempt({ started_at: null, last_heartbeat_at: null });
  assert.equal(activityText(running as PendingActivity), 'train, attempt 2: at work; went on from the snapshot of step 80');
  const [left] = attempt({ state: 'scheduled', heartbeat: { ...BEAT, snapshotStep: 95 } });
  const text = 'train, attempt 2: waits for a worker; the worker before was stopped after its snapshot of step 95';
  assert.equal(activityText(left as PendingActivity), text);
});

test('a stage that trains on says once from which snapshot, and nothing of how its worker went', () => {
  const news = createActivityNews('run');
  const events = [...news(attempt({}), null), ...news(attempt({ heartbeat: { ...BEAT, step: 91 } }), null)];
  assert.deepEqual(events[0], { event: 'resumed', workflow_id: 'run', stage: 'stage 1', step: 80 });
  assert.deepEqual(
    events.slice(1).map(({ event }) => event),
    ['progress', 'progress'],
  );
});

test('the heartbeat that an attempt before left behind is not taken for a resumption', () => {
  const news = createActivityNews('run');
  const old = attempt({ last_heartbeat_at: '2026-01-01T00:00:09Z' });
  assert.ok(!news(old, null).some(({ event }) => event === 'resumed'));
  assert.ok(news(attempt({}), null).some(({ event }) => event === 'resumed'));
});

test('a run that no worker goes on with says so in words, when that lasts', () => {
  const news = createActivityNews('run');
  const left = attempt({ state: 'scheduled', heartbeat: null });
  assert.deepEqual(news(left, null), []);
  const reason = 'a worker that goes on with train; the worker before was stopped';
  assert.deepEqual(news(left, null), [{ event: 'waiting', workflow_id: 'run', reason }]);
  assert.deepEqual(news(left, null), []);
});

test('an attempt after one that failed is told of at once, with the code and the first line', () => {
  const failed = attempt({
    activity: 'publish',
    heartbeat: null,
    last_failure: { kind: 'failed', code: 'STORE_IO', message: DISK.message },
  });
  assert.deepEqual(createActivityNews('run')(failed, null), [
    {
      event: 'waiting',
      workflow_id: 'run',
      reason: 'attempt 2 of publish: the one before failed with STORE_IO: The disk is full. Fix: make room.',
    },
  ]);
});

test('workers count once each, while they poll, and those of this machine while they are alive', () => {
  const now = { seconds: Math.floor(Date.now() / 1000) };
  const gone = `rootstock ${hostname()} pid 4194305`; // beyond the largest pid there is
  const here = `rootstock ${hostname()} pid ${process.pid}`;
  const pollers = [
    { identity: here, lastAccessTime: now },
    { identity: here, lastAccessTime: now },
    { identity: gone, lastAccessTime: now },
    { identity: 'rootstock elsewhere pid 1', lastAccessTime: { seconds: now.seconds - 30 } },
    { identity: 'rootstock elsewhere pid 2', lastAccessTime: { seconds: now.seconds - 200 } },
  ];
  assert.deepEqual(livingWorkers(pollers), [here, 'rootstock elsewhere pid 1']);
});
