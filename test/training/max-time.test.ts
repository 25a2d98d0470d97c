import assert from 'node:assert/strict';
import test from 'node:test';
import { loadBackend } from '../../src/kernels/backend.ts';
import { digestState, lastState, makeHardSetup, makeSetup, record } from './support.ts';

/** A clock that moves by a second at every look: nothing here depends on how fast the machine is. */
function ticking(): () => number {
  let time = 0;
  return () => (time += 1000);
}

test('max_time ends a stage at a step boundary, with a validation, and says so', async () => {
  await loadBackend('cpu');
  const { log, outcome } = await record(makeSetup({ trainer: { maxEpochs: 1000, maxTimeSeconds: 20 } }), { now: ticking() });
  const { counters, best } = lastState(log);
  assert.equal(counters.stoppedBy, 'max_time');
  assert.ok(outcome.kind === 'finished' && outcome.result.stoppedBy === 'max_time');
  assert.ok(counters.step > 0 && counters.step <= 20, String(counters.step));
  assert.notEqual(best, null);
  assert.ok('val/total/loss' in counters.metrics && 'train/total/loss' in counters.metrics);
});

test('min_epochs and min_steps come before max_time', async () => {
  await loadBackend('cpu');
  const { log } = await record(makeSetup({ trainer: { maxEpochs: 1000, maxTimeSeconds: 1, minSteps: 8 } }), { now: ticking() });
  assert.deepEqual([lastState(log).counters.step, lastState(log).counters.stoppedBy], [8, 'max_time']);
});

test('a stage that is done in time is what it is without max_time', async () => {
  await loadBackend('cpu');
  const timed = lastState((await record(makeHardSetup({ maxTimeSeconds: 1e6 }), { now: ticking() })).log);
  assert.equal(digestState(timed), digestState(lastState((await record(makeHardSetup())).log)));
});

test('time spent before a resume counts: a depleted stage trains one more step and ends', async () => {
  await loadBackend('cpu');
  const setup = makeSetup({ trainer: { maxEpochs: 1000, maxTimeSeconds: 3600 } });
  let boundaries = 0;
  const stopped = await record(setup, { request: () => (++boundaries === 4 ? 'stop' : 'none'), now: ticking() });
  const elapsed = stopped.log.snapshots.at(-1)?.elapsedMs ?? 0;
  assert.ok(elapsed > 0);
  const resumed = await record(setup, { resume: lastState(stopped.log), resumedElapsedMs: 3_600_000, now: ticking() });
  assert.deepEqual([lastState(resumed.log).counters.step, lastState(resumed.log).counters.stoppedBy], [4, 'max_time']);
  const again = await record(setup, { resume: lastState(stopped.log), resumedElapsedMs: elapsed, now: ticking(), request: () => 'stop' });
  assert.ok((again.log.snapshots.at(-1)?.elapsedMs ?? elapsed) >= elapsed, 'the sum goes on');
});

test('how long training took is no part of the state', async () => {
  await loadBackend('cpu');
  const fast = await record(makeSetup(), { now: () => 0 });
  const slow = await record(makeSetup(), { now: ticking() });
  assert.equal(digestState(lastState(slow.log)), digestState(lastState(fast.log)));
  assert.notEqual(slow.log.snapshots.at(-1)?.elapsedMs, fast.log.snapshots.at(-1)?.elapsedMs);
});
