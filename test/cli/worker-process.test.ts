import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { prepareWorker } from '../../src/cli/prepared-worker.ts';
import { startWorkerProcess } from '../../src/cli/worker-process.ts';
import { findProcesses, killEverythingOf, untilNoProcessOf } from '../helpers/e2e-processes.ts';
import { untilSome } from '../helpers/e2e-wait.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';
import { testServerEnvironment } from '../helpers/temporal-server.ts';

const moduleUrl = (path: string) => JSON.stringify(new URL(`../../src/cli/${path}`, import.meta.url).href);

/** Prints how a worker starts in a process that has so many descriptors left. */
function script(stateDir: string, left: number): string {
  return `
import { closeSync, openSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { prepareWorker } from ${moduleUrl('prepared-worker.ts')};
import { startWorkerProcess } from ${moduleUrl('worker-process.ts')};
const options = { stateDir: ${JSON.stringify(stateDir)}, register: [] };
const opened = [];
try { for (;;) opened.push(openSync('/dev/null')); } catch {}
for (const one of opened.splice(0, ${left})) closeSync(one);
const prepared = prepareWorker();
const answer = await startWorkerProcess(options, undefined, prepared).catch((error) => error);
await setImmediate(); // what nobody caught comes up by now
for (const one of opened) closeSync(one);
console.log(JSON.stringify({ code: answer.code, message: answer.message, taken: prepared.take() !== undefined }));
`;
}

for (const left of [1, 2] as const) {
  test(`a machine that starts no worker for want of descriptors (${left} left) is an error that says so, and ends nothing else`, async (t) => {
    const root = await temporaryDirectory(t);
    const words = ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', script(join(root, 'state'), left)];
    const { stdout, stderr, status } = spawnSync('/bin/sh', ['-c', 'ulimit -n 128 && exec "$0" "$@"', process.execPath, ...words], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), {
      code: 'STORE_IO',
      message: 'Too many open files (EMFILE) for another worker process and its log.\nFix: raise the limit of open files (ulimit -n).',
      taken: false,
    });
  });
}

test('a prepared worker that is killed while it is handed over is followed by another, and the caller hears why', async (t) => {
  const root = await temporaryDirectory(t);
  const before = process.env;
  process.env = { ...testServerEnvironment(), ROOTSTOCK_TEST_WORKER: root };
  t.after(async () => {
    process.env = before;
    await killEverythingOf(root);
  });
  const prepared = prepareWorker();
  const { pid } = await untilSome(
    () => findProcesses(root, 'worker').find(({ command }) => command.startsWith('rootstock worker')),
    'a worker',
  );
  process.kill(pid, 'SIGSTOP'); // it is killed after it was told and before it could answer
  const reasons: string[] = [];
  const starting = startWorkerProcess({ stateDir: join(root, 'state'), register: [] }, (reason) => reasons.push(reason), prepared);
  process.kill(pid, 'SIGKILL');
  const worker = await starting;
  assert.deepEqual(reasons, ['the worker ended while starting; starting it again']);
  assert.notEqual(worker.pid, pid);
  await worker.stop();
  await untilNoProcessOf(root);
});
