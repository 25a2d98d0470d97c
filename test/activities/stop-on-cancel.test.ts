import assert from 'node:assert/strict';
import test from 'node:test';
import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { stopOnCancel } from '../../activities/stop-on-cancel.ts';
import type { TrainerHandle, TrainerOutcome } from '../../src/trainer-client/trainer-process.ts';

/** A trainer that only remembers what it was told. */
function listener() {
  const told: string[] = [];
  let answer: (outcome: TrainerOutcome) => void = () => undefined;
  const outcome = new Promise<TrainerOutcome>((resolve) => {
    answer = resolve;
  });
  const handle: TrainerHandle = {
    pid: 1,
    outcome,
    isContent: () => true,
    phase: () => 'step',
    save: (stop) => told.push(stop ? 'save and stop' : 'save'),
    kill: () => told.push('kill'),
  };
  return { handle, told, answer };
}

for (const reason of ['cancelRequested', 'paused', 'reset', 'workerShutdown'] as const) {
  test(`on ${reason} the trainer saves a snapshot and stops`, () => {
    const { handle, told, answer } = listener();
    const env = new MockActivityEnvironment();
    stopOnCancel(handle, env.context);
    assert.deepEqual(told, []);
    env.cancel('CANCELLED', new ActivityCancellationDetails({ [reason]: true }));
    answer({ type: 'saved', snapshot: 1, step: 5 });
    assert.deepEqual(told, ['save and stop']);
  });
}

for (const reason of ['notFound', 'timedOut'] as const) {
  test(`on ${reason} the trainer is killed without a save: another attempt may own the stage`, () => {
    const { handle, told } = listener();
    const env = new MockActivityEnvironment();
    stopOnCancel(handle, env.context);
    env.cancel('NOT_FOUND', new ActivityCancellationDetails({ [reason]: true }));
    assert.deepEqual(told, ['kill']);
  });
}

test('a cancel that came before the trainer counts too', () => {
  const { handle, told, answer } = listener();
  const env = new MockActivityEnvironment();
  env.cancel();
  stopOnCancel(handle, env.context);
  answer({ type: 'saved', snapshot: 1, step: 5 });
  assert.deepEqual(told, ['save and stop']);
});

test('a trainer that does not answer a save is killed after a minute, one that does is not', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const [silent, quick] = [listener(), listener()];
  for (const { handle } of [silent, quick]) {
    const env = new MockActivityEnvironment();
    stopOnCancel(handle, env.context);
    env.cancel();
  }
  quick.answer({ type: 'saved', snapshot: 1, step: 5 });
  await quick.handle.outcome;
  t.mock.timers.tick(59_999);
  assert.deepEqual(silent.told, ['save and stop']);
  t.mock.timers.tick(1);
  assert.deepEqual(silent.told, ['save and stop', 'kill']);
  assert.deepEqual(quick.told, ['save and stop']);
});

test('after the undo a cancel changes nothing', () => {
  const { handle, told } = listener();
  const env = new MockActivityEnvironment();
  stopOnCancel(handle, env.context)();
  env.cancel();
  assert.deepEqual(told, []);
});
