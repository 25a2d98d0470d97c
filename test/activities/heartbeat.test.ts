import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { withHeartbeat } from '../../activities/heartbeat.ts';

/** Lets everything that is ready run; the mocked clock stands still. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Work that ends when a test says so. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** An environment under a mocked clock, and what it heard. */
function underClock(context: TestContext) {
  context.mock.timers.enable({ apis: ['setInterval', 'Date'] });
  const env = new MockActivityEnvironment();
  const heard: unknown[] = [];
  env.on('heartbeat', (details: unknown) => heard.push(details));
  return { env, heard, tick: (ms: number) => context.mock.timers.tick(ms) };
}

test('work is heartbeated each second with its newest details', async (context) => {
  const { env, heard, tick } = underClock(context);
  const work = gate();
  const done = env.run(() =>
    withHeartbeat(10_000, async (watched) => {
      watched.tick('half');
      await work.opened;
    }),
  );
  await turn();
  tick(3_000);
  assert.deepEqual(heard, ['half', 'half', 'half']);
  work.open();
  await done;
  tick(5_000);
  assert.equal(heard.length, 3, 'and no longer than it lasts');
});

test('work that stands still is not kept alive: heartbeats stop and it fails with TRAINER_STALLED', async (context) => {
  const { env, heard, tick } = underClock(context);
  const done = env.run(() => withHeartbeat(3_000, () => new Promise<never>(() => undefined)));
  const failed = assert.rejects(done, { code: 'TRAINER_STALLED' });
  await turn();
  for (let second = 0; second < 8; second += 1) tick(1_000);
  await failed;
  assert.equal(heard.length, 3, 'one for each second within the limit');
});

test('a tick starts the clock again', async (context) => {
  const { env, heard, tick } = underClock(context);
  const work = gate();
  let beat: () => void = () => undefined;
  const done = env.run(() =>
    withHeartbeat(3_000, async (watched) => {
      beat = watched.tick;
      await work.opened;
    }),
  );
  await turn();
  for (let second = 0; second < 8; second += 1) {
    tick(1_000);
    beat();
  }
  work.open();
  await done;
  assert.equal(heard.length, 8);
});
