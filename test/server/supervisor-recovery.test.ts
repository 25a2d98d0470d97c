import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { isProcessAlive, readProcessIdentity } from '../../src/processes/process-identity.ts';
import { findServerBinary } from '../../src/server/binary/find-server-binary.ts';
import { connectSupervisor } from '../../src/server/connect-supervisor.ts';
import type { ServerChange } from '../../src/server/embedded-server.ts';
import { writeScript } from '../helpers/temporal-fakes.ts';
import { processesOf, startTestServer, testServerEnvironment, waitFor, waitUntilGone } from '../helpers/temporal-server.ts';
import { newStateDir, openClient, serversOn } from './supervisor-support.ts';

test('a server killed with SIGKILL is started again on its port, and nothing it acknowledged is lost', async (t) => {
  const { server, stateDir, kill, stop } = await startTestServer();
  t.after(stop);
  const before = { address: server.address, pid: server.pid };
  const client = await openClient(t, server);
  const acknowledged: string[] = [];
  const starting = (async () => {
    for (let index = 0; server.pid === before.pid; index += 1) {
      const workflowId = `run-${index}`;
      try {
        await client.workflow.start('nobody-runs-this', { workflowId, taskQueue: 'none' });
        acknowledged.push(workflowId);
      } catch {
        // The server died under this call: it was not acknowledged.
        return;
      }
    }
  })();
  await waitFor(() => acknowledged.length >= 5, 'five workflows to start');
  await kill();
  await starting;
  assert.equal(server.address, before.address);
  assert.equal(serversOn(stateDir).length, 1);
  const again = await openClient(t, server);
  for (const workflowId of acknowledged) {
    const { status } = await again.workflow.getHandle(workflowId).describe();
    assert.equal(status.name, 'RUNNING', workflowId);
  }
});

test('a server whose port was taken meanwhile moves, clients hear the new address, and the next start keeps it', async (t) => {
  const { server, stateDir, env, killAndMove, stop } = await startTestServer();
  t.after(stop);
  const changes: ServerChange[] = [];
  server.onChange((change) => changes.push(change));
  const before = server.address;
  await killAndMove();
  assert.notEqual(server.address, before);
  assert.deepEqual(
    changes.map(({ kind }) => kind),
    ['waiting', 'ready'],
  );
  assert.equal(changes[1]?.kind === 'ready' ? changes[1].address : '', server.address);
  const client = await openClient(t, server);
  await client.workflow.start('nobody-runs-this', { workflowId: 'moved', taskQueue: 'none' });

  const processes = await processesOf(server, stateDir);
  const moved = server.address;
  await server.close();
  await waitUntilGone(processes);
  const next = await connectSupervisor({ stateDir, env });
  assert.equal(next.address, moved);
  await next.close();
});

test('after a supervisor killed with SIGKILL the next command finds one server on the database, with the data', async (t) => {
  const { server, stateDir, env, stop } = await startTestServer();
  t.after(stop);
  const client = await openClient(t, server);
  await client.workflow.start('nobody-runs-this', { workflowId: 'kept', taskQueue: 'none' });
  const processes = await processesOf(server, stateDir);
  // This command ends with its supervisor: nothing of it starts another one. Stopped before, so that it cannot end the server of its last client.
  process.kill(server.supervisorPid, 'SIGSTOP');
  const closed = server.close();
  process.kill(server.supervisorPid, 'SIGKILL');
  await closed;
  assert.equal(serversOn(stateDir).length, 1, 'the orphan');

  const next = await connectSupervisor({ stateDir, env });
  t.after(() => next.close());
  assert.equal(serversOn(stateDir).length, 1);
  await waitUntilGone(processes);
  const { status } = await (await openClient(t, next)).workflow.getHandle('kept').describe();
  assert.equal(status.name, 'RUNNING');
  const last = await processesOf(next, stateDir);
  await next.close();
  await waitUntilGone(last);
});

test('a held connection survives the death of its supervisor', async (t) => {
  const { server, stateDir, killSupervisor, stop } = await startTestServer();
  t.after(stop);
  const kinds: string[] = [];
  server.onChange(({ kind }) => kinds.push(kind));
  const before = server.supervisorPid;
  await killSupervisor();
  assert.notEqual(server.supervisorPid, before);
  assert.equal(serversOn(stateDir).length, 1);
  assert.deepEqual(kinds, ['waiting', 'ready']);
});

test('a process that was given the pid of a dead server is never signalled', async (t) => {
  const stateDir = await newStateDir(t);
  const bystander = spawn('sleep', ['120'], { stdio: 'ignore' });
  t.after(() => bystander.kill('SIGKILL'));
  const identity = readProcessIdentity(bystander.pid ?? 0);
  assert.ok(identity !== null);
  const record = { format: 1, server: { ...identity, startTime: '1' }, ports: { grpc: 29_998, ui: 29_999 }, retentionDays: 90 };
  await mkdir(join(stateDir, 'server'));
  await writeFile(join(stateDir, 'server', 'server.json'), JSON.stringify(record));
  const server = await connectSupervisor({ stateDir, env: testServerEnvironment() });
  const processes = await processesOf(server, stateDir);
  await server.close();
  await waitUntilGone(processes);
  assert.ok(isProcessAlive(identity));
});

test('a leftover that a record does identify is stopped before a server starts', async (t) => {
  const stateDir = await newStateDir(t);
  const leftover: ChildProcess = spawn('sleep', ['120'], { stdio: 'ignore' });
  t.after(() => leftover.kill('SIGKILL'));
  const identity = readProcessIdentity(leftover.pid ?? 0);
  assert.ok(identity !== null);
  const record = { format: 1, server: identity, ports: { grpc: 29_998, ui: 29_999 }, retentionDays: null };
  await mkdir(join(stateDir, 'server'));
  await writeFile(join(stateDir, 'server', 'server.json'), JSON.stringify(record));
  const server = await connectSupervisor({ stateDir, env: testServerEnvironment() });
  assert.equal(isProcessAlive(identity), false);
  const processes = await processesOf(server, stateDir);
  await server.close();
  await waitUntilGone(processes);
});

test('a first server that is killed while it makes its tables is followed by one that serves, and its database is kept from then on', async (t) => {
  const stateDir = await newStateDir(t);
  const { path: binary } = await findServerBinary({ env: process.env });
  const database = join(stateDir, 'server', 'temporal.db');
  // Kills the first server once its first tables are written: dev servers make them statement by statement, and only when there is no file.
  const command = await writeScript(
    join(await newStateDir(t), 'temporal'),
    `if [ "$1" = --version ] || [ -e ${stateDir}/killed ]; then exec ${binary} "$@"; fi
touch ${stateDir}/killed
${binary} "$@" &
while [ ! -s ${database}-wal ]; do :; done
kill -9 $!
exit 1`,
  );
  const env = { ...testServerEnvironment(), TEMPORAL_CLI_PATH: command };
  const waits: string[] = [];
  const server = await connectSupervisor({ stateDir, env });
  const forget = server.onChange((change) => change.kind === 'waiting' && waits.push(change.text));
  const { ino } = await stat(database);
  const before = server.pid;
  process.kill(before, 'SIGKILL');
  await waitFor(() => server.pid !== before, 'the server to serve again');
  forget();
  assert.equal(waits.length, 1);
  assert.equal((await stat(database)).ino, ino, 'a database that has served is never removed');
  const processes = await processesOf(server, stateDir);
  await server.close();
  await waitUntilGone(processes);
  const log = await readFile(join(stateDir, 'server', 'supervisor.log'), 'utf8');
  assert.match(log, /the Temporal server ended with code 1; starting it again/u, 'the first server was killed');
});

test('a server that did not start again for a while, so that its supervisor gave up, serves as soon as it can', async (t) => {
  const stateDir = await newStateDir(t);
  const { path: binary } = await findServerBinary({ env: process.env });
  const broken = join(stateDir, 'broken');
  const command = await writeScript(
    join(await newStateDir(t), 'temporal'),
    `if [ "$1" != --version ] && [ -e ${broken} ]; then echo no space left; exit 1; fi
exec ${binary} "$@"`,
  );
  const server = await connectSupervisor({ stateDir, env: { ...testServerEnvironment(), TEMPORAL_CLI_PATH: command } });
  const failures: string[] = [];
  const forget = server.onChange((change) => change.kind === 'failed' && failures.push(change.error.message));
  const before = server.pid;
  await writeFile(broken, '');
  process.kill(before, 'SIGKILL');
  await waitFor(() => failures.length > 0, 'the supervisor to give up');
  assert.match(failures[0] ?? '', /5 times in a row: no space left/u);
  await rm(broken);
  await waitFor(() => server.pid !== before, 'the server to serve again');
  forget();
  const processes = await processesOf(server, stateDir);
  await server.close();
  await waitUntilGone(processes);
});
