import assert from 'node:assert/strict';
import test from 'node:test';
import { statusLines } from '../../src/cli/status-lines.ts';
import type { PendingActivity } from '../../src/client/pending-activity.ts';
import type { RunStatus, StageStatus, TrainHeartbeat } from '../../src/contracts/run-state.ts';

const STAGE: StageStatus = {
  index: 0,
  name: 'head',
  state: 'train',
  maxEpochs: 2,
  totalSteps: 100,
  progress: null,
  missReason: null,
  result: null,
  error: null,
};

const STATUS: RunStatus = { phase: 'stages', summary: null, matched: null, stages: [STAGE], child: null, parked: null, result: null };

const commandLine = (...words: readonly string[]) => `rootstock ${words.join(' ')} --state s`;

const training = (heartbeat: Partial<TrainHeartbeat>): PendingActivity => ({
  activity: 'train',
  state: 'scheduled',
  attempt: 2,
  worker: null,
  started_at: null,
  last_heartbeat_at: null,
  next_attempt_at: null,
  last_failure: { kind: 'worker_stopped', code: 'WorkerShutdown', message: '' },
  heartbeat: { stage: 0, step: 0, totalSteps: 0, snapshot: 0, snapshotStep: 0, metrics: {}, ...heartbeat } as TrainHeartbeat,
});

test('an interrupted run shows what it stands at: the stage, how far its snapshot is, and why nothing moves', () => {
  const activities = [training({ snapshot: 3, snapshotStep: 25 })];
  const text = statusLines({ name: 'pets', status: STATUS, activities }, commandLine).join('\n');
  assert.match(text, /head {3}train .* 25 %/u);
  assert.match(
    text,
    /^Now: {5}train of head, attempt 2: waits for a worker; the worker before was stopped after its snapshot of step 25$/mu,
  );
});

test('the newest of what the run and the server have heard is shown', () => {
  const told = { ...STATUS, stages: [{ ...STAGE, progress: { stage: 0, step: 40, epoch: 0, metrics: {} } }] };
  const at = (step: number) =>
    statusLines({ name: 'pets', status: told, activities: [training({ step, totalSteps: 100 })] }, commandLine)[0];
  assert.match(at(30) ?? '', / 40 %/u);
  assert.match(at(55) ?? '', / 55 %/u);
});

test('a run that waits for somebody names commands that reach its state directory', () => {
  const parked = { code: 'NON_FINITE_LOSS', message: 'The loss is NaN.', activity: 'train', stage: 'head' } as const;
  const lines = statusLines({ name: 'pets', status: { ...STATUS, parked }, activities: [] }, commandLine);
  assert.ok(lines.includes('Go on:   rootstock retry pets --state s'));
  assert.ok(lines.includes('Give up: rootstock abort pets --state s'));
});
