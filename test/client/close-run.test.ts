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
function connection(
  answer: (asked: number, signal: AbortSignal | undefined) => Promise<unknown>,
  pending: () => readonly object[] = () => [],
) {
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
  const client = {
    withDeadline: (_: number, work: () => unknown) => work(),
    workflow: {
      getHandle: () => ({
        result: () => assert.fail('a call that stays open is not for the client that repeats calls'),
        describe: async () => ({ raw: { pendingActivities: pending() } }),
      }),
    },
  };
  return { seen, connected: { client, watcher } as unknown as Followed };
}

test('a worker that cannot start is the error, and the call that waits is called off before it is told', async () => {
  const { seen, connected } = connection((_, signal) => onAbort(signal));
  const broken = new RootstockError('FILE_NOT_FOUND', 'nowhere.mjs');
  await assert.rejects(
    untilClosed(connected, TARGET, {
      hostWorker: async () => {
        assert.equal(seen.open, 1);
        throw broken;
      },
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
  const hostWorker = async () => {
    log.push('worker');
    setTimeout(() => close(), 1_500); // after both pauses of half a second
    return { stop: async () => void log.push('stop') };
  };
  await untilClosed(connected, TARGET, { hostWorker });
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

/** A publication as the server tells of it. */
const publishing = (attempt: number, state: number) => ({
  activityType: { name: 'publish' },
  attempt,
  state,
  lastFailure: { message: 'Cannot write "/out": ENOSPC.\nFix: free some disk space.', applicationFailureInfo: { type: 'STORE_IO' } },
});

test('what keeps a run open is told after two seconds, and again only when it changes', async () => {
  const told: string[] = [];
  let close: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    close = resolve;
  });
  let asked = 0;
  const { connected } = connection(
    () => closed,
    () => {
      asked += 1;
      if (asked === 3) setTimeout(close, 20);
      return [publishing(asked < 3 ? 3 : 4, 3)];
    },
  );
  const since = performance.now();
  let first = 0;
  await untilClosed(connected, TARGET, {
    onWaiting(text) {
      if (told.length === 0) first = performance.now() - since;
      told.push(text);
    },
  });
  assert.ok(first > 1_900 && first < 4_000, `${Math.round(first)} ms`);
  assert.equal(told.length, 2, told.join('\n'));
  assert.equal(
    told[0],
    'waiting for the run "a" to close: publish, attempt 3, finishes what it is at; the attempt before failed with STORE_IO: Cannot write "/out": ENOSPC.',
  );
  assert.match(told[1] ?? '', /attempt 4/u);
});

test('a run that closes soon is not talked about', async () => {
  const { connected } = connection(async () => undefined);
  await untilClosed(connected, TARGET, { onWaiting: (text) => assert.fail(text) });
});

test('a wait can be left: the worker of the command ends, and the error says that the run ends all the same', async () => {
  const log: string[] = [];
  const interrupt = new AbortController();
  const { seen, connected } = connection((_, signal) => onAbort(signal));
  const hostWorker = async () => {
    log.push('worker');
    setTimeout(() => interrupt.abort(), 20);
    return { stop: async () => void log.push('stop') };
  };
  await assert.rejects(untilClosed(connected, TARGET, { hostWorker, signal: interrupt.signal }), {
    code: 'CANCELLED',
    message: /"a" was told to end.*\nFix: nothing is lost\. `rootstock cancel a`/u,
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(log, ['worker', 'stop']);
  assert.equal(seen.open, 0);
});
