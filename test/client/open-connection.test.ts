import assert from 'node:assert/strict';
import test from 'node:test';
import * as temporal from '@temporalio/client';
import { openConnection } from '../../src/client/open-connection.ts';
import { startTestServer } from '../helpers/temporal-server.ts';

test('an embedded server that stands still is waited for, and the caller hears of it once', async (t) => {
  const started = await startTestServer();
  t.after(() => started.stop());
  const { pid, address } = started.server;
  process.kill(pid, 'SIGSTOP');
  const heard: string[] = [];
  const opened = await openConnection({
    temporal,
    server: { kind: 'embedded', connectionOptions: { address } },
    onProgress(text) {
      heard.push(text);
      process.kill(pid, 'SIGCONT');
    },
  });
  assert.equal(opened.address, address);
  await opened.connection.close();
  assert.deepEqual(heard, ['the Temporal server does not answer; waiting for it']);
});

test('another server that does not answer is an error with its address', async () => {
  const server = { kind: 'external', connectionOptions: { address: '127.0.0.1:1' } } as const;
  await assert.rejects(openConnection({ temporal, server }), {
    code: 'SERVER_UNAVAILABLE',
    message: /127\.0\.0\.1:1 is there, but does not answer/u,
  });
});
