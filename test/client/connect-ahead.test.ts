import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test, { after, before, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFsStore } from '../../src/artifacts/fs-store.ts';
import { connectAhead } from '../../src/client/connect-ahead.ts';
import { stateLayout } from '../../src/contracts/state-directory.ts';
import { untilNoProcessOf } from '../helpers/e2e-processes.ts';
import { untilSome } from '../helpers/e2e-wait.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';
import { writeScript } from '../helpers/temporal-fakes.ts';
import { startTestServer, testServerEnvironment } from '../helpers/temporal-server.ts';

const environment = process.env;
before(() => {
  process.env = testServerEnvironment();
});
after(() => {
  process.env = environment;
});

/** Begins to connect in a state directory that is not there yet; `told`: the store ids that were told, `notes`: what was said. */
async function begin(t: TestContext) {
  const root = await temporaryDirectory(t);
  t.after(() => untilNoProcessOf(root));
  const stateDir = join(root, 'state');
  const [told, notes]: [string[], string[]] = [[], []];
  const ahead = connectAhead({ stateDir, onProgress: (text) => notes.push(text), onServer: (storeId) => told.push(storeId) });
  return { root, stateDir, ahead, told, notes };
}

test('a server is started ahead without a word, and the store that it was told of is made when it is needed', async (t) => {
  const { stateDir, ahead, told, notes } = await begin(t);
  await ahead.underWay;
  assert.deepEqual(told, [], 'it is on its way before it serves');
  const id = await untilSome(() => told[0], 'the server');
  assert.deepEqual(await readdir(stateDir), ['server']);
  assert.deepEqual(notes, []);
  const connected = await ahead.finish();
  assert.equal(connected.store.id, id);
  assert.deepEqual(notes, ['starting the embedded Temporal server']);
  assert.ok(await connected.client.workflowService.getSystemInfo({}));
  await connected.close();
});

test('a server that moves while the run is planned is reached where it is then', async (t) => {
  const started = await startTestServer();
  const told: string[] = [];
  const ahead = connectAhead({ stateDir: started.stateDir, onServer: (storeId) => told.push(storeId) });
  await untilSome(() => told[0], 'the server');
  await sleep(1_000); // the connection is open by now
  const before = started.server.address;
  await started.killAndMove();
  await untilSome(() => (started.server.address === before ? undefined : true), 'the server at another address');
  const connected = await ahead.finish();
  t.after(async () => {
    await connected.close();
    await started.stop();
  });
  const { namespace } = connected.server;
  const answer = await connected.client.withDeadline(Date.now() + 20_000, () =>
    connected.client.workflowService.describeNamespace({ namespace }),
  );
  assert.equal(answer.namespaceInfo?.name, namespace);
});

test('a connection that turns out not to be needed leaves nothing', async (t) => {
  const { root, ahead, told } = await begin(t);
  await untilSome(() => told[0], 'the server');
  await ahead.leave();
  await untilNoProcessOf(root);
  assert.deepEqual(await readdir(root), []);
});

test('a store that is made meanwhile is used, under its own id', async (t) => {
  const { stateDir, ahead, told } = await begin(t);
  const { id } = await openFsStore(stateLayout(stateDir).store);
  const connected = await ahead.finish();
  assert.equal(connected.store.id, id);
  assert.equal(told.length, 1);
  await connected.close();
});

test('the id of a store that is there is told as it is', async (t) => {
  const root = await temporaryDirectory(t);
  t.after(() => untilNoProcessOf(root));
  const { id } = await openFsStore(stateLayout(root).store);
  const told: string[] = [];
  const ahead = connectAhead({ stateDir: root, onServer: (storeId) => told.push(storeId) });
  await ahead.underWay;
  await (await ahead.finish()).close();
  assert.deepEqual(told, [id]);
});

test('what is wrong with the server is said when it is needed, and not before', async (t) => {
  const root = await temporaryDirectory(t);
  process.env['TEMPORAL_CLI_PATH'] = await writeScript(join(root, 'temporal'), 'echo broken >&2; exit 1');
  t.after(() => {
    process.env = testServerEnvironment();
  });
  const stateDir = join(root, 'state');
  await connectAhead({ stateDir, onServer: () => undefined }).leave();
  assert.deepEqual(await readdir(root), ['temporal']);
  await connectAhead({ stateDir, onServer: () => assert.fail('there is none') }).underWay;
  await assert.rejects(connectAhead({ stateDir, onServer: () => undefined }).finish(), {
    code: 'SERVER_BINARY_UNAVAILABLE',
    message: /broken/u,
  });
});
