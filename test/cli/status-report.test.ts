import assert from 'node:assert/strict';
import test from 'node:test';
import { statusReport } from '../../src/cli/status-report.ts';
import type { RootstockClient } from '../../src/client/connect.ts';
import type { RunStatus } from '../../src/contracts/run-state.ts';

const parked = { code: 'STORE_IO', message: 'the disk is broken', activity: 'publish', stage: null } as const;
const answer: RunStatus = { phase: 'publish', summary: null, matched: null, stages: [], child: null, parked, result: null };

/** A run that waited for a person when it was last asked, on a server that says it is in this state. */
function connected(state: string): RootstockClient {
  const handle = {
    describe: async () => ({ status: { name: state }, runId: 'r', memo: {}, raw: {} }),
    query: async () => answer,
  };
  const workflowService = {
    describeTaskQueue: async () => ({ pollers: [{ identity: 'a worker', lastAccessTime: { seconds: Math.floor(Date.now() / 1000) } }] }),
  };
  const client = { workflow: { getHandle: () => handle }, workflowService, withDeadline: (_: number, call: () => unknown) => call() };
  return {
    client,
    server: { namespace: 'default' },
    queues: { io: 'io', train: 'train' },
    stateDir: '/state',
  } as unknown as RootstockClient;
}

const report = (state: string) =>
  statusReport(connected(state), 'a', {
    hostWorker: () => assert.fail('there is a worker'),
    commandLine: (...words) => ['rootstock', ...words].join(' '),
  });

test('a run that waits for a person says so and how to go on', async () => {
  const { text, json } = await report('RUNNING');
  assert.match(text, /Needs attention: STORE_IO in publish[^]*rootstock retry a/u);
  assert.deepEqual((json as RunStatus).parked, parked);
});

test('a run that was terminated while it waited for a person needs nobody any more', async () => {
  const { text, json } = await report('TERMINATED');
  assert.doesNotMatch(text, /Needs attention|rootstock retry/u);
  assert.equal((json as RunStatus).parked, null);
});
