import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { isProcessAlive } from '../../src/processes/process-identity.ts';
import { defaultCacheDirectory } from '../../src/server/binary/cache-directory.ts';
import { connectSupervisor } from '../../src/server/connect-supervisor.ts';
import { ensureSearchAttributes } from '../../src/server/search-attributes.ts';
import { writeScript } from '../helpers/temporal-fakes.ts';
import { processesOf, startTestServer, testServerEnvironment, waitFor, waitUntilGone } from '../helpers/temporal-server.ts';
import { newStateDir, openConnection, processesNaming, serversOn } from './supervisor-support.ts';

test('concurrent callers on one state directory share one server, which goes after the last of them', async (t) => {
  const stateDir = await newStateDir(t);
  const env = testServerEnvironment();
  const servers = await Promise.all(Array.from({ length: 4 }, () => connectSupervisor({ stateDir, env })));
  const [first] = servers;
  assert.ok(first !== undefined);
  assert.equal(new Set(servers.map(({ pid, supervisorPid, address }) => `${pid} ${supervisorPid} ${address}`)).size, 1);
  assert.equal(serversOn(stateDir).length, 1);

  const processes = await processesOf(first, stateDir);
  await Promise.all(servers.slice(1).map((server) => server.close()));
  assert.equal((await fetch(first.uiUrl)).status, 200);
  assert.ok(processes.every(isProcessAlive), 'one client is enough to keep it');
  await first.close();
  await waitUntilGone(processes);
  assert.deepEqual(
    (await readdir(join(stateDir, 'server'))).filter((name) => name.endsWith('.sock') || name.endsWith('.tmp')),
    [],
  );
});

test('a new server keeps finished workflows for 90 days and knows our search attributes', async (t) => {
  const { server, stop } = await startTestServer();
  t.after(stop);
  const connection = await openConnection(t, server);
  const { config } = await connection.workflowService.describeNamespace({ namespace: server.namespace });
  assert.equal(Number(config?.workflowExecutionRetentionTtl?.seconds), 90 * 24 * 3600);
  assert.equal(await ensureSearchAttributes(connection, server.namespace), true);
});

test("a user's Temporal profile for another server does not disturb the embedded one", async (t) => {
  const stateDir = await newStateDir(t);
  const home = join(stateDir, 'home');
  await mkdir(join(home, 'temporalio'), { recursive: true });
  await writeFile(join(home, 'temporalio', 'temporal.toml'), '[profile.default]\napi_key = "for another server"\n[profile.default.tls]\n');
  const cache = defaultCacheDirectory(process.env);
  const env = { ...testServerEnvironment(), XDG_CONFIG_HOME: home, TEMPORAL_API_KEY: 'for another server', ROOTSTOCK_CACHE: cache };
  const server = await connectSupervisor({ stateDir, env });
  const processes = await processesOf(server, stateDir);
  await server.close();
  await waitUntilGone(processes);
});

test('a supervisor asked to end by SIGTERM stops its server; SIGINT and SIGHUP do not reach it', async (t) => {
  const stateDir = await newStateDir(t);
  const server = await connectSupervisor({ stateDir, env: testServerEnvironment() });
  const processes = await processesOf(server, stateDir);
  process.kill(server.supervisorPid, 'SIGINT');
  process.kill(server.supervisorPid, 'SIGHUP');
  assert.equal((await fetch(server.uiUrl)).status, 200);
  assert.ok(processes.every(isProcessAlive));
  process.kill(server.supervisorPid, 'SIGTERM');
  await server.close();
  await waitUntilGone(processes);
});

test('state directories deeper than a socket address can hold work, and do not meet', async (t) => {
  // Their first 250 bytes are equal: cut to what an address holds, both would be one.
  const deep = join(await newStateDir(t), ...Array.from({ length: 8 }, (_, level) => `a-rather-long-folder-name-${level}`));
  const env = testServerEnvironment();
  const [one, same, other] = await Promise.all([
    connectSupervisor({ stateDir: join(deep, 'one'), env }),
    connectSupervisor({ stateDir: join(deep, 'other', '..', 'one'), env }),
    connectSupervisor({ stateDir: join(deep, 'other'), env }),
  ]);
  assert.equal(same.pid, one.pid);
  assert.notEqual(other.pid, one.pid);
  const names = await readdir(join(deep, 'one', 'server'));
  assert.equal(names.filter((name) => name.endsWith('.sock')).length, 1, 'the socket lies in the state directory');
  const processes = [...(await processesOf(one, join(deep, 'one'))), ...(await processesOf(other, join(deep, 'other')))];
  await Promise.all([one.close(), same.close(), other.close()]);
  await waitUntilGone(processes);
});

test('a supervisor whose state directory is removed stops its server', async (t) => {
  const stateDir = await newStateDir(t);
  // It would wait an hour for the next client.
  const server = await connectSupervisor({ stateDir, env: { ...testServerEnvironment(), ROOTSTOCK_LINGER_MS: '3600000' } });
  const processes = await processesOf(server, stateDir);
  await rm(stateDir, { recursive: true, force: true });
  // Closed before the supervisor looks: nothing here starts another one.
  await server.close();
  await waitUntilGone(processes);
});

test('a server that will not start is an error with its last words, and nothing stays behind', async (t) => {
  const stateDir = await newStateDir(t);
  const broken = await writeScript(
    join(stateDir, 'temporal'),
    'case "$1" in --version) echo "temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)";; *) echo "Error: database disk image is malformed" >&2; exit 1;; esac',
  );
  const env = { ...testServerEnvironment(), TEMPORAL_CLI_PATH: broken };
  const promise = connectSupervisor({ stateDir, env });
  await assert.rejects(promise, {
    code: 'SERVER_UNAVAILABLE',
    message: /ended with code 1, 5 times in a row: Error: database disk image is malformed/,
  });
  await waitFor(() => processesNaming(stateDir).length === 0, 'the supervisor to end');
  assert.match(await readFile(join(stateDir, 'server', 'server.log'), 'utf8'), /malformed/);
});

test('a start that is aborted ends as cancelled, and supervisor and server go by themselves', async (t) => {
  const stateDir = await newStateDir(t);
  const controller = new AbortController();
  const promise = connectSupervisor({
    stateDir,
    env: testServerEnvironment(),
    signal: controller.signal,
    onProgress: (line) => {
      if (line.startsWith('starting')) setTimeout(() => controller.abort(), 100);
    },
  });
  await assert.rejects(promise, { code: 'CANCELLED' });
  await waitFor(() => processesNaming(stateDir).length === 0, 'supervisor and server to end');
});
