import assert from 'node:assert/strict';
import test from 'node:test';
import type { RootstockClient } from '../../src/client/connect.ts';
import { startPlanned } from '../../src/client/start-run.ts';
import { VERSION } from '../../src/contracts/version.ts';
import type { PlannedRun } from '../../src/planner/plan-run.ts';

const PLANNED = {
  plan: { name: 'a', runDigest: 'new', model: { name: 'mlp_regressor' }, stages: [], output: { path: '/nowhere/a' } },
  document: { source: 'a.yaml', config: {} },
  planDigest: 'plan',
} as unknown as PlannedRun;

/** A server where "a" runs with another configuration, started by this version, and closes when `close` is called. */
function serverWithRun(log: string[], rootstockVersion: string) {
  let close = (): void => undefined;
  const closed = new Promise<void>((resolve) => {
    close = resolve;
  });
  const end = (how: string) => async () => void log.push(how);
  const terminate = async () => {
    log.push('terminate');
    close();
  };
  const describe = async () => ({ runId: 'old', status: { name: 'RUNNING' }, memo: { runDigest: 'other', rootstockVersion } });
  const workflow = {
    getHandle: () => ({ describe, cancel: end('cancel'), terminate, result: () => closed }),
    async start() {
      log.push('start');
      return { firstExecutionRunId: 'next' };
    },
  };
  const client = { workflow, withAbortSignal: (_: AbortSignal, work: () => unknown) => work() };
  const connected = { client, watcher: client, queues: { io: 'io' }, searchAttributes: false } as unknown as RootstockClient;
  return { connected, close };
}

test('a run that is replaced and has no worker is cancelled, gets one until it has closed, and then the new one starts', async () => {
  const log: string[] = [];
  const { connected, close } = serverWithRun(log, VERSION);
  const hostWorker = async () => {
    log.push('worker');
    setTimeout(close, 20);
    return { stop: async () => void log.push('stop') };
  };
  const { runId, action } = await startPlanned(connected, PLANNED, { replace: true, hostWorker });
  assert.deepEqual({ runId, action }, { runId: 'next', action: 'start' });
  assert.deepEqual(log, ['cancel', 'worker', 'stop', 'start']);
});

test('a run of another major version is terminated by the server, without a worker', async () => {
  const log: string[] = [];
  const { connected } = serverWithRun(log, '99.0.0');
  await startPlanned(connected, PLANNED, { hostWorker: () => assert.fail('no worker is needed') });
  assert.deepEqual(log, ['terminate', 'start']);
});
