import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import type { EmbeddedServer } from '../../src/server/embedded-server.ts';

const root = await mkdtemp(join(tmpdir(), 'rootstock-supervisor-'));

/** Processes of this machine whose command line names a path: servers by their database, supervisors by their state directory. */
export function processesNaming(path: string): readonly string[] {
  return execFileSync('ps', ['-axww', '-o', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(path));
}

export function serversOn(stateDir: string): readonly string[] {
  return processesNaming(join(stateDir, 'server', 'temporal.db')).filter((line) => line.includes('start-dev'));
}

export async function openConnection(t: TestContext, server: EmbeddedServer): Promise<Connection> {
  const connection = await Connection.connect({ address: server.address });
  t.after(() => connection.close());
  return connection;
}

export async function openClient(t: TestContext, server: EmbeddedServer): Promise<Client> {
  return new Client({ connection: await openConnection(t, server) });
}

export async function newStateDir(t: TestContext): Promise<string> {
  const stateDir = await mkdtemp(join(root, 'state-'));
  t.after(() => rm(stateDir, { recursive: true, force: true }));
  return stateDir;
}

after(async () => {
  const left = processesNaming(root);
  await rm(root, { recursive: true, force: true });
  assert.deepEqual(left, [], 'no process of these tests stays behind');
});
