import assert from 'node:assert/strict';
import test from 'node:test';
import { cancelRun } from '../../src/client/control-run.ts';
import type { Followed } from '../../src/client/follow-run.ts';

/** A server with one run that closes when `close` is called. */
function serverWithRun(log: string[], status = 'CANCELLED') {
  let close = () => undefined as void;
  const result = new Promise<object>((resolve, reject) => {
    close = () =>
      status === 'COMPLETED' ? resolve({ output: '/models/a', stages: [], test: {}, baseline: null }) : reject(new Error('cancelled'));
  });
  const handle = {
    async cancel() {
      log.push('cancel');
    },
    result: () => result,
    describe: async () => ({ status: { name: status } }),
  };
  const client = { workflow: { getHandle: () => handle }, withAbortSignal: (_: AbortSignal, work: () => unknown) => work() };
  const connected = { client, watcher: client } as unknown as Followed;
  return { ...connected, close: () => close() };
}

test('a run that another worker closes is cancelled without a worker of the command', async () => {
  const log: string[] = [];
  const server = serverWithRun(log);
  setTimeout(server.close, 20);
  const end = await cancelRun(server, 'a', { hostWorker: () => assert.fail('no worker is needed') });
  assert.deepEqual(end, { event: 'cancelled', workflow_id: 'a' });
  assert.deepEqual(log, ['cancel']);
});

test('a run that completes although it was told to end is not called cancelled', async () => {
  const server = serverWithRun([], 'COMPLETED');
  setTimeout(server.close, 20);
  const end = await cancelRun(server, 'a');
  assert.equal(end.event, 'completed');
  assert.equal(end.event === 'completed' ? end.output : null, '/models/a');
});

test('a run that nobody closes is cancelled first, then gets a worker until it has closed', async () => {
  const log: string[] = [];
  const server = serverWithRun(log);
  const hostWorker = async () => {
    log.push('worker');
    setTimeout(server.close, 20);
    return { stop: async () => void log.push('stop') };
  };
  await cancelRun(server, 'a', { hostWorker });
  assert.deepEqual(log, ['cancel', 'worker', 'stop']);
});
