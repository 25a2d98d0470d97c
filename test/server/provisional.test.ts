import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { findServerBinary } from '../../src/server/binary/find-server-binary.ts';
import { connectSupervisor } from '../../src/server/connect-supervisor.ts';
import { startSupervisor } from '../../src/server/start-supervisor.ts';
import { connectTo } from '../../src/server/supervisor/open-socket.ts';
import { readOwner } from '../../src/server/supervisor/ownership.ts';
import { sendMessage } from '../../src/server/supervisor/protocol.ts';
import { untilNoProcessOf } from '../helpers/e2e-processes.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';
import { processesOf, testServerEnvironment, waitFor, waitUntilGone } from '../helpers/temporal-server.ts';

/** It would wait an hour for the next client. */
const PATIENT = { ...testServerEnvironment(), ROOTSTOCK_LINGER_MS: '3600000' };

interface Place {
  readonly root: string;
  /** Not there yet. */
  readonly stateDir: string;
}

async function makePlace(t: TestContext): Promise<Place> {
  const root = await temporaryDirectory(t);
  t.after(() => untilNoProcessOf(root));
  return { root, stateDir: join(root, 'state') };
}

const provisionally = ({ stateDir }: Place, signal?: AbortSignal) =>
  connectSupervisor({ stateDir, env: PATIENT, provisional: true, signal });

test('a server that turns out not to be needed is gone when its connection is closed, and with it all that was made for it', async (t) => {
  const place = await makePlace(t);
  const server = await provisionally(place);
  const processes = await processesOf(server, place.stateDir);
  await server.close();
  await waitUntilGone(processes);
  assert.deepEqual(await readdir(place.root), []);
});

test('a state directory that was there stays, and what somebody else put into a new one, too', async (t) => {
  const before = await makePlace(t);
  await mkdir(before.stateDir);
  await (await provisionally(before)).close();
  assert.deepEqual(await readdir(before.stateDir), []);

  const meanwhile = await makePlace(t);
  const server = await provisionally(meanwhile);
  await writeFile(join(meanwhile.stateDir, 'note'), '');
  await server.close();
  assert.deepEqual(await readdir(meanwhile.stateDir), ['note']);
});

test('a server that turns out to be needed stays for the next client', async (t) => {
  const place = await makePlace(t);
  const server = await connectSupervisor({ stateDir: place.stateDir, env: testServerEnvironment(), provisional: true });
  server.keep();
  await server.close();
  const again = await connectSupervisor({ stateDir: place.stateDir, env: testServerEnvironment() });
  assert.equal(again.pid, server.pid);
  await again.close();
});

test('a server that somebody else uses meanwhile stays, with what is in it', async (t) => {
  const place = await makePlace(t);
  const server = await provisionally(place);
  const other = await connectSupervisor({ stateDir: place.stateDir, env: testServerEnvironment() });
  await server.close();
  assert.equal((await fetch(other.uiUrl)).status, 200);
  await other.close();
  const again = await provisionally(place);
  assert.equal(again.pid, server.pid, 'it waits for the next client');
  process.kill(again.supervisorPid, 'SIGTERM');
  await again.close();
  await waitFor(async () => !(await readdir(join(place.stateDir, 'server'))).some((name) => name.endsWith('.sock')), 'its end');
  assert.ok(existsSync(join(place.stateDir, 'server', 'temporal.db')));
});

test('a server that was needed before is not removed by one that needs it not', async (t) => {
  const place = await makePlace(t);
  const first = await connectSupervisor({ stateDir: place.stateDir, env: { ...testServerEnvironment(), ROOTSTOCK_LINGER_MS: '0' } });
  const processes = await processesOf(first, place.stateDir);
  await first.close();
  await waitUntilGone(processes);
  const second = await provisionally(place);
  const later = await processesOf(second, place.stateDir);
  await second.close();
  await waitUntilGone(later);
  assert.ok(existsSync(join(place.stateDir, 'server', 'temporal.db')));
});

for (const [when, delayMs] of [
  ['at once', 0],
  ['while its supervisor starts', 60],
  ['while it starts itself', 600],
] as const) {
  test(`a start that is called off ${when} leaves nothing`, async (t) => {
    const place = await makePlace(t);
    const controller = new AbortController();
    const connecting = provisionally(place, controller.signal);
    connecting.catch(() => undefined);
    setTimeout(() => controller.abort(), delayMs);
    const outcome = await connecting.then(
      (server) => server.close(),
      (error: { readonly code?: string }) => error.code,
    );
    assert.ok(outcome === undefined || outcome === 'CANCELLED', String(outcome));
    assert.deepEqual(await readdir(place.root), []);
    await untilNoProcessOf(place.root);
  });
}

test('a start that is called off while its supervisor makes itself the owner ends at once', async (t) => {
  const place = await makePlace(t);
  const directory = join(place.stateDir, 'server');
  await mkdir(directory, { recursive: true });
  // What earlier owners left is swept in this moment: so much of it makes the moment long.
  const leftovers = Array.from({ length: 4_000 }, (_, index) => join(directory, `supervisor-${index}.sock`));
  for (const path of leftovers) writeFileSync(path, '');
  const controller = new AbortController();
  const onStarted = () => controller.abort();
  const connecting = connectSupervisor({ stateDir: place.stateDir, env: PATIENT, provisional: true, signal: controller.signal, onStarted });
  await assert.rejects(connecting, { code: 'CANCELLED' });
  const begun = Date.now();
  await untilNoProcessOf(place.root);
  assert.ok(Date.now() - begun < 2_000, 'its supervisor went on for a while');
});

test('who comes while a server that nobody needed goes has one of its own', async (t) => {
  const place = await makePlace(t);
  const server = await provisionally(place);
  const closing = server.close();
  const next = await connectSupervisor({ stateDir: place.stateDir, env: testServerEnvironment() });
  await closing;
  assert.notEqual(next.pid, server.pid);
  assert.equal((await fetch(next.uiUrl)).status, 200);
  const processes = await processesOf(next, place.stateDir);
  await next.close();
  await waitUntilGone(processes);
});

test('who only looks whether a supervisor is there does not keep a server', async (t) => {
  const place = await makePlace(t);
  const server = await provisionally(place);
  const directory = join(place.stateDir, 'server');
  const { path: binary } = await findServerBinary({ env: PATIENT });
  const second = await startSupervisor({ stateDir: place.stateDir, directory, binary, madeState: false, env: PATIENT });
  await waitFor(() => second.ended(), 'the second supervisor to find the first');
  await server.close();
  assert.deepEqual(await readdir(place.root), []);
});

test('what a client made goes again, also when the supervisor of another one was faster', async (t) => {
  const place = await makePlace(t);
  await mkdir(join(place.stateDir, 'server'), { recursive: true });
  const server = await provisionally(place);
  const directory = join(place.stateDir, 'server');
  const owner = await readOwner(directory);
  const other = await connectTo(join(directory, owner?.socket ?? ''));
  assert.ok(other !== null);
  sendMessage(other, { type: 'provisional', made: { state: true, server: true } });
  sendMessage(other, { type: 'leave' });
  await once(other.resume(), 'close'); // it has been heard
  await server.close();
  await untilNoProcessOf(place.root);
  assert.deepEqual(await readdir(place.root), []);
});

test('a server that is kept while its supervisor is followed by another one stays', async (t) => {
  const place = await makePlace(t);
  const server = await connectSupervisor({ stateDir: place.stateDir, env: testServerEnvironment(), provisional: true });
  const before = server.supervisorPid;
  const heard: string[] = [];
  server.onChange(({ kind }) => void heard.push(kind));
  process.kill(server.pid, 'SIGKILL');
  process.kill(before, 'SIGKILL');
  await rm(join(place.stateDir, 'server'), { recursive: true, force: true });
  await waitFor(() => heard.includes('waiting'), 'the end of the supervisor');
  server.keep();
  await waitFor(() => server.supervisorPid !== before, 'the next supervisor');
  const processes = await processesOf(server, place.stateDir);
  await server.close();
  await waitUntilGone(processes);
  assert.ok(existsSync(join(place.stateDir, 'server', 'temporal.db')));
});

test('a full disk under its logs ends no supervisor', async (t) => {
  const place = await makePlace(t);
  await mkdir(join(place.stateDir, 'server'), { recursive: true });
  for (const log of ['server.log', 'supervisor.log']) await symlink('/dev/full', join(place.stateDir, 'server', log));
  const server = await connectSupervisor({ stateDir: place.stateDir, env: testServerEnvironment() });
  const { supervisorPid, pid } = server;
  process.kill(pid, 'SIGKILL'); // it says so in its log, and starts another one
  await waitFor(() => server.pid !== pid, 'the next server');
  assert.equal(server.supervisorPid, supervisorPid);
  const processes = await processesOf(server, place.stateDir);
  await server.close();
  await waitUntilGone(processes);
});

test('a supervisor whose folder goes while it starts ends, without an error', async (t) => {
  const place = await makePlace(t);
  const directory = join(place.stateDir, 'server');
  await mkdir(directory, { recursive: true });
  for (let index = 0; index < 4_000; index++) writeFileSync(join(directory, `supervisor-${index}.sock`), ''); // swept once it is the owner
  const { path: binary } = await findServerBinary({ env: PATIENT });
  const supervisor = await startSupervisor({ stateDir: place.stateDir, directory, binary, madeState: false, env: PATIENT });
  while (!existsSync(join(directory, 'owner-1.json'))) await new Promise(setImmediate);
  renameSync(directory, `${directory}-aside`);
  await waitFor(() => supervisor.ended(), 'the supervisor to end');
  assert.equal(supervisor.failure(), null);
});
