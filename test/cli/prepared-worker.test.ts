import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { firstAnswer, needsWorker, type PreparedWorker, prepareWorker } from '../../src/cli/prepared-worker.ts';
import { POLL } from '../../src/worker/ahead.ts';
import type { ServeMessage } from '../../src/worker/serve.ts';
import { findProcesses, untilNoProcessOf, type WorkspaceProcess } from '../helpers/e2e-processes.ts';
import { until, untilSome } from '../helpers/e2e-wait.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';
import { testServerEnvironment } from '../helpers/temporal-server.ts';

/** Processes forked from now on are found by this directory in their environment. */
const MARK = 'ROOTSTOCK_TEST_WORKER';

/** Id of a store that is not there yet. */
const STORE_ID = randomUUID();

async function prepared(t: TestContext): Promise<{ readonly root: string; readonly worker: PreparedWorker }> {
  const root = await temporaryDirectory(t);
  const before = process.env;
  process.env = { ...testServerEnvironment(), [MARK]: root };
  const worker = prepareWorker();
  process.env = before;
  t.after(async () => {
    await worker.end();
    await untilNoProcessOf(root);
  });
  return { root, worker };
}

/** A worker that has loaded its code. */
function loaded(root: string): Promise<WorkspaceProcess> {
  return untilSome(() => findProcesses(root, 'worker').find(({ command }) => command.startsWith('rootstock worker')), 'a worker');
}

for (const [line, needed] of [
  ['run tutorial.yaml', true],
  ['--state run run tutorial.yaml', true],
  ['--state=elsewhere --register models.ts run tutorial.yaml --json', true],
  ['run --help', false],
  ['status run', false],
  ['--state run status tutorial', false],
  ['', false],
] as const) {
  test(`"rootstock ${line}" has ${needed ? 'a' : 'no'} worker load its code ahead`, () => {
    assert.equal(needsWorker(line.split(' ')), needed);
  });
}

test('a worker that was prepared is handed over once, and writes what it has to say into the log that it is told', async (t) => {
  const { root, worker } = await prepared(t);
  const module = join(root, 'talks.mjs');
  await writeFile(module, "process.stdout.write('to the one\\n'); process.stderr.write('to the other\\n');");
  const child = worker.take()?.child;
  assert.equal(worker.take(), undefined);
  const log = join(root, 'worker.log');
  const order: ServeMessage = { serve: { stateDir: join(root, 'state'), register: [`file://${module}`] }, log, hold: null };
  child?.send(order);
  const [answer] = (await firstAnswer(child as ChildProcess)) as [{ readonly code: string }];
  assert.equal(answer.code, 'MODEL_CONFIG_INVALID', 'a module without a model');
  await untilNoProcessOf(root);
  assert.match(await readFile(log, 'utf8'), /to the one\nto the other\n.*talks\.mjs/su);
});

test('a worker that was told before it was handed over answers whoever takes it', async (t) => {
  const { root, worker } = await prepared(t);
  const serve = { stateDir: join(root, 'state'), register: [`file://${join(root, 'nowhere.mjs')}`] };
  worker.order({ serve, log: join(root, 'worker.log'), hold: { storeId: STORE_ID } });
  const [answer] = (await worker.take()?.answer) ?? [];
  assert.deepEqual(answer, { ...(answer as object), code: 'FILE_NOT_FOUND' });
});

test('a worker that holds polls when it is told, and ends when it is told', async (t) => {
  const { root, worker } = await prepared(t);
  worker.order({ serve: { stateDir: join(root, 'state'), register: [] }, log: join(root, 'worker.log'), hold: { storeId: STORE_ID } });
  const taken = worker.take();
  taken?.child.send(POLL);
  assert.deepEqual(await taken?.answer, [{ ready: true }, undefined]);
  const ended = once(taken?.child as ChildProcess, 'exit');
  taken?.child.send('shutdown');
  assert.deepEqual(await ended, [0, null]);
});

test('a worker that holds ends when its command goes without a word', async (t) => {
  const { root, worker } = await prepared(t);
  worker.order({ serve: { stateDir: join(root, 'state'), register: [] }, log: join(root, 'worker.log'), hold: { storeId: STORE_ID } });
  await untilSome(() => findProcesses(root, 'server')[0], 'the server that it has started');
  const child = worker.take()?.child as ChildProcess;
  const ended = once(child, 'exit');
  child.disconnect();
  assert.deepEqual(await ended, [0, null]);
});

test('a worker that nobody took is ended', async (t) => {
  const { root, worker } = await prepared(t);
  await loaded(root);
  await worker.end();
  await untilNoProcessOf(root);
});

test('a worker that died before it was taken is not handed over', async (t) => {
  const { root, worker } = await prepared(t);
  const { pid } = await loaded(root);
  process.kill(pid, 'SIGKILL');
  await until(() => !existsSync(`/proc/${pid}`), 'its parent to have heard of its end');
  assert.equal(worker.take(), undefined);
});

test('where no worker can be started none is prepared, and nothing fails', async (t) => {
  const before = process.env;
  t.after(() => {
    process.env = before;
  });
  process.env = { ...before, [MARK]: 'x'.repeat(2 ** 22) }; // more than a process may be given (E2BIG), which `fork` throws at once
  const worker = prepareWorker();
  worker.order({ serve: { stateDir: 'state', register: [] }, log: 'worker.log', hold: { storeId: STORE_ID } });
  assert.equal(worker.take(), undefined);
  await worker.end();
});

test('a worker that waits ends when its command is killed', async (t) => {
  const root = await temporaryDirectory(t);
  const module = JSON.stringify(new URL('../../src/cli/prepared-worker.ts', import.meta.url).href);
  const script = `import { prepareWorker } from ${module}; prepareWorker(); setInterval(() => undefined, 1_000);`;
  const command = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', script], {
    env: { ...process.env, [MARK]: root },
    stdio: 'inherit',
  });
  await loaded(root);
  command.kill('SIGKILL');
  await once(command, 'exit');
  await untilNoProcessOf(root);
});
