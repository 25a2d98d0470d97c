import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { TrainerJob } from '../../src/contracts/trainer-protocol.ts';
import { createTrainers, type Room, type TrainersOptions } from '../../src/trainer-client/trainers.ts';
import { findProcesses, untilNoProcessOf, type WorkspaceProcess } from '../helpers/e2e-processes.ts';
import { until, untilSome } from '../helpers/e2e-wait.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';
import { createWorkspace, runJob } from '../trainer-process/support.ts';
import { makeHardSetup } from '../training/support.ts';

/** Processes forked from now on are found by this directory in their environment. */
const MARK = 'ROOTSTOCK_TEST_TRAINERS';

const SPACIOUS: Room = { cores: 4, availableBytes: 2 ** 34 };

async function makeTrainers(t: TestContext, options: TrainersOptions = {}) {
  const root = await temporaryDirectory(t);
  process.env[MARK] = root;
  const trainers = createTrainers({ room: () => SPACIOUS, ...options });
  t.after(async () => {
    trainers.close();
    await untilNoProcessOf(root);
    delete process.env[MARK];
  });
  return { root, trainers };
}

/** The one that waits, once it has loaded what it can. */
function waiting(root: string): Promise<WorkspaceProcess> {
  return untilSome(() => findProcesses(root, 'standby').find(({ command }) => command.startsWith('rootstock standby')), 'a standby');
}

/** A job that ends with an error of its own as soon as it is given. */
const MISSING: TrainerJob = {
  kind: 'predict',
  register: [],
  model: '/nowhere',
  data: '/nowhere.csv',
  out: '/nowhere.out.csv',
  backend: 'wasm',
  batchSize: null,
};

test('the trainer that waits gets the next job, once, and the one after is another process', async (t) => {
  const { root, trainers } = await makeTrainers(t);
  trainers.prepare('wasm');
  trainers.prepare('wasm');
  const { pid } = await waiting(root);
  assert.equal(findProcesses(root, 'standby').length, 1, 'two requests, one process');
  const given: number[] = [];
  const start = () =>
    trainers.start('wasm', async (trainerPid) => {
      given.push(trainerPid);
      return MISSING;
    });
  const [first, second] = [start(), start()];
  await assert.rejects(first.outcome, { code: 'FILE_NOT_FOUND' });
  await assert.rejects(second.outcome, { code: 'FILE_NOT_FOUND' });
  assert.deepEqual([first.pid, given.includes(pid)], [pid, true]);
  assert.notEqual(second.pid, pid);
});

test('a job comes out as in a trainer that was forked for it, bit for bit', async (t) => {
  const { root, trainers } = await makeTrainers(t);
  const setup = makeHardSetup({ backend: 'wasm', earlyStopping: null, maxEpochs: 4 });
  // The digest of a state covers the name of its stage.
  const stageKey = '5'.repeat(64);
  const fresh = await runJob(await (await createWorkspace(setup)).fitJob({ stageKey }));
  trainers.prepare('wasm');
  const { pid } = await waiting(root);
  const job = await (await createWorkspace(setup)).fitJob({ stageKey });
  const handle = trainers.start('wasm', async () => job);
  assert.equal(handle.pid, pid);
  const outcome = await handle.outcome;
  assert.equal(outcome.type, 'finished');
  assert.equal(fresh.type, 'finished');
  assert.deepEqual(outcome, fresh);
});

test('one that died while it waited is replaced when its job comes', async (t) => {
  const { root, trainers } = await makeTrainers(t);
  trainers.prepare('wasm');
  const { pid } = await waiting(root);
  process.kill(pid, 'SIGKILL');
  await until(() => !existsSync(`/proc/${pid}`), 'its parent to have heard of its end');
  const handle = trainers.start('wasm', async () => MISSING);
  assert.notEqual(handle.pid, pid);
  await assert.rejects(handle.outcome, { code: 'FILE_NOT_FOUND' });
});

test('a job on another backend gets a trainer of its own', async (t) => {
  const { root, trainers } = await makeTrainers(t);
  trainers.prepare('wasm');
  const { pid } = await waiting(root);
  const handle = trainers.start('cpu', async () => MISSING);
  assert.notEqual(handle.pid, pid);
  await assert.rejects(handle.outcome, { code: 'FILE_NOT_FOUND' });
});

for (const [why, room] of [
  ['core', { ...SPACIOUS, cores: 1 }],
  ['memory', { ...SPACIOUS, availableBytes: 2 ** 29 }],
] as const) {
  test(`nothing waits where there is no ${why} to spare`, async (t) => {
    const { root, trainers } = await makeTrainers(t, { room: () => room });
    trainers.prepare('wasm');
    assert.deepEqual(findProcesses(root, 'standby'), []);
  });
}

test('nothing waits on a backend that holds a device', async (t) => {
  const { root, trainers } = await makeTrainers(t);
  trainers.prepare('tensorflow');
  assert.deepEqual(findProcesses(root, 'standby'), []);
});

test('one that cannot be forked is no loss: its job gets a trainer of its own', async (t) => {
  let tries = 0;
  const fork = (): never => {
    tries += 1;
    throw new Error('spawn ENOMEM');
  };
  const { trainers } = await makeTrainers(t, { fork });
  trainers.prepare('wasm');
  assert.equal(tries, 1);
  await assert.rejects(trainers.start('wasm', async () => MISSING).outcome, { code: 'FILE_NOT_FOUND' });
});

test('one whose job does not come ends by itself', async (t) => {
  const { root, trainers } = await makeTrainers(t, { idleMs: 1 });
  trainers.prepare('wasm');
  await untilNoProcessOf(root);
});

test('closing ends the one that waits, and none waits afterwards', async (t) => {
  const { root, trainers } = await makeTrainers(t);
  trainers.prepare('wasm');
  await waiting(root);
  trainers.close();
  trainers.prepare('wasm');
  await untilNoProcessOf(root);
});

test('the one that waits ends when its worker is killed', async (t) => {
  const root = await temporaryDirectory(t);
  const module = JSON.stringify(new URL('../../src/trainer-client/trainers.ts', import.meta.url).href);
  const script = `import { createTrainers } from ${module};
    createTrainers({ room: () => (${JSON.stringify(SPACIOUS)}) }).prepare('wasm');
    setInterval(() => undefined, 1_000);`;
  const worker = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', script], {
    env: { ...process.env, [MARK]: root },
    cwd: join(import.meta.dirname, '..', '..'),
    stdio: 'inherit',
  });
  await waiting(root);
  worker.kill('SIGKILL');
  await once(worker, 'exit');
  await untilNoProcessOf(root);
});
