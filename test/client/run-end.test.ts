import assert from 'node:assert/strict';
import test from 'node:test';
import { type Client, ServiceError } from '@temporalio/client';
import { watchForEnd } from '../../src/client/run-end.ts';

const LONG_MS = 2 ** 30;

/** A client whose runs end when they are told to; counts how often it was asked. */
function createClient(results: readonly Promise<unknown>[]): { readonly client: Client; asked: number; signal: AbortSignal | undefined } {
  const seen: { client: Client; asked: number; signal: AbortSignal | undefined } = {
    client: {
      withAbortSignal(signal: AbortSignal, work: () => Promise<unknown>) {
        seen.signal = signal;
        return work();
      },
      workflow: {
        getHandle: () => ({
          result() {
            seen.asked += 1;
            return results[seen.asked - 1] ?? new Promise(() => undefined);
          },
        }),
      },
    } as unknown as Client,
    asked: 0,
    signal: undefined,
  };
  return seen;
}

for (const [how, result] of [
  ['well', Promise.resolve({})],
  ['badly', Promise.reject(new Error('Workflow execution failed'))],
] as const) {
  result.catch(() => undefined);
  test(`a wait ends when the run ends ${how}, and the next one takes its time again`, async () => {
    const { client } = createClient([result]);
    const end = watchForEnd({ workflowId: 'run' });
    await end.wait(client, LONG_MS);
    const next = end.wait(client, LONG_MS);
    const turn = new Promise((resolve) => setImmediate(() => resolve('still waiting')));
    assert.equal(await Promise.race([next, turn]), 'still waiting');
    end.stop();
    await next;
  });
}

test('an end that comes between two waits ends the next one', async () => {
  const results: ((value: unknown) => void)[] = [];
  const { client } = createClient([new Promise((resolve) => results.push(resolve))]);
  const end = watchForEnd({ workflowId: 'run' });
  await end.wait(client, 1);
  results[0]?.({});
  await new Promise((resolve) => setImmediate(resolve));
  await end.wait(client, LONG_MS);
});

test('a server that cannot be asked is asked again at the next wait, and no wait fails', async () => {
  const seen = createClient([Promise.reject(new ServiceError('unavailable')), Promise.resolve({})]);
  const end = watchForEnd({ workflowId: 'run' });
  await end.wait(seen.client, 1);
  assert.equal(seen.asked, 1);
  await end.wait(seen.client, LONG_MS);
  assert.equal(seen.asked, 2);
});

test('a client that took the place of another is asked, and the same one only once', async () => {
  const [first, second] = [createClient([]), createClient([])];
  const end = watchForEnd({ workflowId: 'run' });
  await end.wait(first.client, 1);
  await end.wait(first.client, 1);
  await end.wait(second.client, 1);
  assert.deepEqual([first.asked, second.asked], [1, 1]);
});

test('stopping lets go of the server', async () => {
  const seen = createClient([]);
  const end = watchForEnd({ workflowId: 'run' });
  await end.wait(seen.client, 1);
  end.stop();
  assert.equal(seen.signal?.aborted, true);
});
