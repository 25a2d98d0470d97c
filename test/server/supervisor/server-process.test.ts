import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { isProcessAlive, type ProcessIdentity } from '../../../src/processes/process-identity.ts';
import { startServerProcess, stopServerProcess } from '../../../src/server/supervisor/server-process.ts';
import { writeScript } from '../../helpers/temporal-fakes.ts';
import { waitUntilGone } from '../../helpers/temporal-server.ts';

async function setUp(t: TestContext, body: string) {
  const dir = await mkdtemp(join(tmpdir(), 'rootstock-process-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const binary = await writeScript(join(dir, 'temporal'), body.replaceAll('DIR', dir));
  const env = { PATH: '/usr/bin:/bin', TEMPORAL_ADDRESS: 'somewhere:1', KEPT: 'yes' };
  const input = { binary, databasePath: join(dir, 'temporal.db'), ports: { grpc: 20_000, ui: 20_001 }, env, onOutput: () => undefined };
  return { dir, input };
}

test('the process is written down before the server runs, under the pid it then runs as', async (t) => {
  const { dir, input } = await setUp(t, 'echo "$$ $TEMPORAL_ADDRESS $KEPT" >DIR/ran; exit 3');
  let ranBeforeRecord = true;
  const server = await startServerProcess({
    ...input,
    async record() {
      ranBeforeRecord = await readFile(join(dir, 'ran')).then(
        () => true,
        () => false,
      );
    },
  });
  assert.equal(await server.exited, 'ended with code 3');
  assert.equal(ranBeforeRecord, false);
  // No TEMPORAL_* of the user reaches the server.
  assert.equal(await readFile(join(dir, 'ran'), 'utf8'), `${server.identity.pid}  yes\n`);
});

test('a server that cannot be written down never runs', async (t) => {
  const { dir, input } = await setUp(t, 'echo ran >DIR/ran');
  let identity: ProcessIdentity | null = null;
  const promise = startServerProcess({
    ...input,
    record: (given) => {
      identity = given;
      return Promise.reject(new Error('disk full'));
    },
  });
  await assert.rejects(promise, /disk full/);
  assert.ok(identity !== null);
  await waitUntilGone([identity]);
  await assert.rejects(readFile(join(dir, 'ran')), { code: 'ENOENT' });
});

test('stopping waits until the process is gone', async (t) => {
  const { input } = await setUp(t, 'exec sleep 60');
  const server = await startServerProcess({ ...input, record: async () => undefined });
  assert.equal(isProcessAlive(server.identity), true);
  await stopServerProcess(server.identity);
  assert.equal(isProcessAlive(server.identity), false);
  await stopServerProcess(server.identity);
});
