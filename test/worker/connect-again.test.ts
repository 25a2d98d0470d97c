import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { forkWorker } from '../../src/cli/fork-worker.ts';
import { firstAnswer } from '../../src/cli/prepared-worker.ts';
import { untilNoProcessOf } from '../helpers/e2e-processes.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';
import { startTestServer, testServerEnvironment } from '../helpers/temporal-server.ts';

test('a worker whose server goes away while it connects connects again', async (t) => {
  const root = await temporaryDirectory(t);
  const started = await startTestServer();
  t.after(() => started.stop());
  // The first connection asks whether the server is there, the second is the worker's own.
  let connections = 0;
  const proxy = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    if (connections === 2) {
      socket.destroy();
      return;
    }
    const [host = '', port] = started.server.address.split(':');
    const forward = connect(Number(port), host);
    forward.on('error', () => socket.destroy());
    socket.on('close', () => forward.destroy());
    socket.pipe(forward).pipe(socket);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.after(() => proxy.close());
  const before = process.env;
  process.env = {
    ...testServerEnvironment(),
    ROOTSTOCK_TEST_WORKER: root,
    TEMPORAL_ADDRESS: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
  };
  const worker = forkWorker();
  process.env = before;
  worker.send({ serve: { stateDir: join(root, 'state'), register: [] }, log: join(root, 'worker.log'), hold: null });
  assert.deepEqual(await firstAnswer(worker), [{ ready: true }, undefined]);
  assert.ok(connections > 2);
  worker.send('shutdown');
  await untilNoProcessOf(root);
});
