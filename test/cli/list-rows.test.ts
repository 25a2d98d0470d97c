import assert from 'node:assert/strict';
import test from 'node:test';
import { openFsStore } from '../../src/artifacts/fs-store.ts';
import { saveRunRecord } from '../../src/artifacts/run-record.ts';
import { listRows } from '../../src/cli/list-rows.ts';
import type { RootstockClient } from '../../src/client/connect.ts';
import { scratchDirectory } from '../helpers/scratch-directory.ts';

/** A client that knows one run. */
const client = {
  workflow: {
    async *list() {
      yield { workflowId: 'a', runId: 'known', status: { name: 'COMPLETED' }, startTime: new Date(0) };
    },
  },
} as unknown as RootstockClient['client'];

test('runs that only the store remembers are listed with their start where it is recorded, and those of Temporal once', async () => {
  const store = await openFsStore(await scratchDirectory());
  const common = {
    runDigest: '0',
    completedAt: '2026-11-27T11:00:00.000Z',
    result: { output: '/m', weightsSha256: '0', stages: [], test: {}, baseline: null },
  };
  await saveRunRecord(store, { ...common, workflowId: 'a', runId: 'known' });
  await saveRunRecord(store, { ...common, workflowId: 'b', runId: 'recorded', startedAt: '2026-11-27T10:00:00.000Z' });
  await saveRunRecord(store, { ...common, workflowId: 'c', runId: 'older', completedAt: '2026-11-27T12:00:00.000Z' });
  assert.deepEqual(
    (await listRows({ client, store })).map(({ workflow_id, started_at }) => [workflow_id, started_at]),
    [
      ['a', '1970-01-01T00:00:00.000Z'],
      ['b', '2026-11-27T10:00:00.000Z'],
      ['c', '-'],
    ],
  );
});
