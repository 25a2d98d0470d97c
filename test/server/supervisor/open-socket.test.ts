import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connectTo, listenOn } from '../../../src/server/supervisor/open-socket.ts';

/** Too long for the address of a unix socket. */
const LONG = 'x'.repeat(120);

test('a connection by a long path that is ended at once is null, or is heard to close', async (t) => {
  const directory = join(await mkdtemp(join(tmpdir(), 'rootstock-socket-')), LONG);
  await mkdir(directory);
  t.after(() => rm(join(directory, '..'), { recursive: true, force: true }));
  const path = join(directory, 'supervisor.sock');
  const listener = await listenOn(path, (socket: Socket) => socket.destroy());
  t.after(() => listener.close());
  for (let round = 0; round < 50; round++) {
    const socket = await connectTo(path);
    if (socket === null) continue;
    let closed = socket.destroyed;
    socket.once('close', () => {
      closed = true;
    });
    socket.resume();
    for (let wait = 0; wait < 100 && !closed; wait++) await delay(10);
    assert.ok(closed, `round ${round}: the end was not heard of`);
  }
});

test('nobody listening is null, by a short and by a long path', async () => {
  assert.equal(await connectTo(join(tmpdir(), 'rootstock-no-such.sock')), null);
  assert.equal(await connectTo(join(tmpdir(), LONG, 'rootstock-no-such.sock')), null);
});
