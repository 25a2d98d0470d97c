import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { stateLayout } from '../../src/contracts/state-directory.ts';
import { checkClean, checkGolden, untilStep } from '../helpers/e2e-checks.ts';
import { runWords, startCli } from '../helpers/e2e-cli.ts';
import { goldenOf } from '../helpers/e2e-golden.ts';
import { findProcesses, killProcess } from '../helpers/e2e-processes.ts';
import { until } from '../helpers/e2e-wait.ts';
import { makeWorkspace, runDocument, type Workspace } from '../helpers/e2e-workspace.ts';

test('a server that comes back on another port is found again, and the run ends with the golden weights', async (t) => {
  const golden = await goldenOf(runDocument());
  const workspace = await makeWorkspace(t);
  const cli = startCli(workspace, runWords(workspace));
  await untilStep(workspace, golden.stages[0]?.stageKey ?? '', 23);
  const before = await readPort(workspace);
  const squatter = await moveServer(workspace, before);
  t.after(() => squatter.close());
  await until(async () => (await readPort(workspace)) !== before, 'the server to be on another port');
  await checkGolden(await cli.ended, { workspace, golden, kills: [1, 0] });
  assert.notEqual(await readPort(workspace), before);
  await checkClean(workspace);
});

/** Kills the server and takes its port while its supervisor stands still: otherwise it would be back on it first. */
async function moveServer({ root }: Workspace, port: number): Promise<Server> {
  const [supervisor] = findProcesses(root, 'supervisor');
  const [server] = findProcesses(root, 'server');
  assert.ok(supervisor !== undefined && server !== undefined);
  process.kill(supervisor.pid, 'SIGSTOP');
  try {
    await killProcess(root, server.pid);
    return await occupy(port);
  } finally {
    process.kill(supervisor.pid, 'SIGCONT');
  }
}

async function occupy(port: number): Promise<Server> {
  const squatter = createServer((socket) => socket.destroy());
  await until(
    () =>
      new Promise<boolean>((resolve) => {
        squatter.once('error', () => resolve(false));
        squatter.listen(port, '127.0.0.1', () => resolve(true));
      }),
    `port ${port} to be free`,
  );
  return squatter;
}

async function readPort({ stateDir }: Workspace): Promise<number> {
  const record = await readFile(join(stateLayout(stateDir).server, 'server.json'), 'utf8');
  return (JSON.parse(record) as { readonly ports: { readonly grpc: number } }).ports.grpc;
}
