import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Attendance, createClients } from '../../../src/server/supervisor/clients.ts';
import { connectTo, listenOn } from '../../../src/server/supervisor/open-socket.ts';
import { sendMessage } from '../../../src/server/supervisor/protocol.ts';
import { waitFor } from '../../helpers/temporal-server.ts';

const NOTHING = { state: false, server: false };
const PROVISIONAL = { type: 'provisional', made: NOTHING } as const;

/** What would happen wrongly has happened by then. */
const ARRIVAL_MS = 200;

async function makeClients(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'rootstock-clients-'));
  const clients = createClients({ type: 'starting', text: 'starting' }, NOTHING);
  const path = join(directory, 'supervisor.sock');
  const listener = await listenOn(path, (socket) => clients.add(socket));
  t.after(async () => {
    clients.closeAll();
    listener.close();
    await rm(directory, { recursive: true, force: true });
  });
  const connect = async (): Promise<{ readonly socket: Socket; readonly closed: () => boolean }> => {
    const socket = await connectTo(path);
    assert.ok(socket !== null);
    let closed = false;
    socket.on('close', () => {
      closed = true;
    });
    socket.resume();
    return { socket, closed: () => closed };
  };
  return { clients, connect };
}

test('a client that left before the supervisor watched is heard of then, and waits for its end', async (t) => {
  const { clients, connect } = await makeClients(t);
  const { socket, closed } = await connect();
  const made = { state: true, server: true };
  sendMessage(socket, { type: 'provisional', made });
  sendMessage(socket, { type: 'leave' });
  await waitFor(() => clients.now().made.state && clients.now().count === 0, 'the client to leave');
  await delay(ARRIVAL_MS);
  assert.equal(closed(), false, 'let go before anybody decided');
  const heard: Attendance[] = [];
  clients.onChange((now) => {
    heard.push(now);
    return true;
  });
  assert.deepEqual(heard, [{ count: 0, kept: false, made }]);
  await delay(ARRIVAL_MS);
  assert.equal(closed(), false, 'let go before the end');
  clients.closeAll();
  await waitFor(closed, 'the connection to close');
});

test('a client that leaves while others stay is let go at once', async (t) => {
  const { clients, connect } = await makeClients(t);
  const [first, second] = [await connect(), await connect()];
  for (const { socket } of [first, second]) sendMessage(socket, PROVISIONAL);
  await waitFor(() => clients.now().count === 2, 'both');
  clients.onChange(({ count }) => count === 0);
  sendMessage(first.socket, { type: 'leave' });
  await waitFor(first.closed, 'the first to be let go');
  assert.equal(second.closed(), false);
});

test('a client that was killed before it said what it wants decides nothing', async (t) => {
  const { clients, connect } = await makeClients(t);
  const heard: Attendance[] = [];
  clients.onChange((now) => {
    heard.push(now);
    return now.count === 0;
  });
  const [silent, stays] = [await connect(), await connect()];
  sendMessage(stays.socket, PROVISIONAL);
  silent.socket.destroy();
  await waitFor(() => heard.at(-1)?.count === 1, 'the silent one to go');
  await delay(ARRIVAL_MS);
  assert.deepEqual(heard.at(-1), { count: 1, kept: false, made: NOTHING });
  assert.equal(stays.closed(), false);
});

test('one client that needs the server keeps it, also when it is killed', async (t) => {
  const { clients, connect } = await makeClients(t);
  const { socket } = await connect();
  sendMessage(socket, { type: 'keep' });
  await waitFor(() => clients.now().kept, 'the message');
  socket.destroy();
  await waitFor(() => clients.now().count === 0, 'the end of the connection');
  assert.deepEqual(clients.now(), { count: 0, kept: true, made: NOTHING });
});

test('what any of them made is known, whoever started the supervisor', async (t) => {
  const { clients, connect } = await makeClients(t);
  for (const made of [
    { state: true, server: false },
    { state: false, server: true },
  ])
    sendMessage((await connect()).socket, { type: 'provisional', made });
  await waitFor(() => clients.now().made.state && clients.now().made.server, 'both messages');
  assert.deepEqual(clients.now(), { count: 2, kept: false, made: { state: true, server: true } });
});
