import assert from 'node:assert/strict';
import test from 'node:test';
import { ServiceError } from '@temporalio/client';
import { untilClosed } from '../../src/client/close-run.ts';
import type { Followed } from '../../src/client/follow-run.ts';
import { RootstockError } from '../../src/errors.ts';

const TARGET = { workflowId: 'a' };

/** Fails a call when it is called off, as a client does. */
function onAbort(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new ServiceError('called off'))));
}

/** A connection whose calls that stay open are answered by `answer`; the client that repeats calls must not be used for them. */
function connection(answer: (asked: number, signal: AbortSignal | undefined) => Promise<unknown>) {
  const seen = { asked: 0, open: 0 };
  let signal: AbortSignal | undefined;
  const watcher = {
    withAbortSignal(given: AbortSignal, work: () => Promise<unknown>) {
      signal = given;
      return work();
    },
    workflow: {
      getHandle: () => ({
        async result() {
          seen.asked += 1;
          seen.open += 1;
          try {
            return await answer(seen.asked, signal);
          } finally {
            seen.open -= 1;
          }
        },
      }),
    },
  };
  const client = { workflow: { getHandle: () => assert.fail('a call that stays open is not for the client that repeats calls') } };
  return { seen, connected: { client, watcher } as unknown as Followed };
}

test('a worker that cannot start is the error, and the call that waits is called off before it is told', async () => {
  const { seen, connected } = connection((_, signal) => onAbort(signal));
  const broken = new RootstockError('FILE_NOT_FOUND', 'nowhere.mjs');
  await assert.rejects(
    untilClosed(connected, TARGET, async () => {
      assert.equal(seen.open, 1);
      throw broken;
    }),
    broken,
  );
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(seen, { asked: 1, open: 0 });
});

test('a server that goes away says nothing of the run: it is asked again, and a worker still starts', async () => {
  const log: string[] = [];
  let close: () => void = () => undefined;
  const { seen, connected } = connection(async (asked) => {
    if (asked < 3) throw new ServiceError('unavailable');
    await new Promise<void>((resolve) => {
      close = resolve;
    });
  });
  await untilClosed(connected, TARGET, async () => {
    log.push('worker');
    setTimeout(() => close(), 1_500); // after both pauses of half a second
    return { stop: async () => void log.push('stop') };
  });
  assert.equal(seen.asked, 3);
  assert.deepEqual(log, ['worker', 'stop']);
});

test('a server that stays away is an error that says how to go on, not the end of the run', async (t) => {
  t.mock.timers.enable({ apis: ['Date'] });
  const { connected } = connection(async () => {
    t.mock.timers.tick(20_000); // as long as it takes to find that nobody answers
    throw new ServiceError('unavailable');
  });
  await assert.rejects(untilClosed(connected, TARGET), (error: RootstockError) => {
    assert.equal(error.code, 'SERVER_UNAVAILABLE');
    assert.match(error.message, /"a" has closed: unavailable\nFix: .*rootstock status a/u);
    return true;
  });
});
