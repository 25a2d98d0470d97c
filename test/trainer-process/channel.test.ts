import assert from 'node:assert/strict';
import test from 'node:test';
import type { FromTrainer } from '../../src/contracts/trainer-protocol.ts';
import { RootstockError } from '../../src/errors.ts';
import { openChannel } from '../../src/trainer-process/channel.ts';
import { failedMessage } from '../../src/trainer-process/failed-message.ts';

const PROGRESS = { epoch: 0, step: 1, totalSteps: 9, maxEpochs: 1, lr: 0.1, metrics: {}, stepsPerSecond: 1 };

test('another phase is said at once, because its budget is another one; the same phase again at most each 100 ms', () => {
  const { channel, sent, clock } = makeChannel();
  channel.phase('step', 10_000);
  channel.phase('step', 10_000);
  channel.phase('commit', 120_000);
  channel.phase('step', 10_000);
  clock.time = 99;
  channel.phase('step', 10_000);
  clock.time = 100;
  channel.phase('step', 10_000);
  assert.deepEqual(
    sent.map((message) => (message.type === 'phase' ? message.phase : '')),
    ['step', 'commit', 'step', 'step'],
  );
});

test('progress is throttled, and the newest is sent before the last word', async () => {
  const { channel, sent, clock } = makeChannel();
  channel.progress({ ...PROGRESS, step: 1 });
  clock.time = 50;
  channel.progress({ ...PROGRESS, step: 2 });
  channel.progress({ ...PROGRESS, step: 3 });
  await channel.finish({ type: 'predicted', rows: 1 });
  assert.deepEqual(
    sent.map((message) => (message.type === 'progress' ? message.step : message.type)),
    [1, 3, 'predicted'],
  );
});

test('a coded error keeps its code and details, another one is INTERNAL with its stack, a failed allocation OUT_OF_MEMORY', () => {
  assert.deepEqual(failedMessage(new RootstockError('LEASE_LOST', 'gone', { lease: 3 })), {
    type: 'failed',
    code: 'LEASE_LOST',
    message: 'gone',
    details: '{"lease":3}',
  });
  const internal = failedMessage(new TypeError('x is not a function'));
  assert.equal(internal.code, 'INTERNAL');
  assert.match(internal.message, /channel\.test/u);
  assert.equal(failedMessage(new RangeError('Array buffer allocation failed')).code, 'OUT_OF_MEMORY');
});

function makeChannel() {
  const sent: FromTrainer[] = [];
  const clock = { time: 0 };
  const end = {
    send(message: FromTrainer, done: (error: Error | null) => void) {
      sent.push(message);
      done(null);
      return true;
    },
    on: () => undefined,
  };
  return {
    channel: openChannel(
      end,
      () => undefined,
      () => clock.time,
    ),
    sent,
    clock,
  };
}
