import assert from 'node:assert/strict';
import test from 'node:test';
import type { FromTrainer, TrainerJob } from '../../src/contracts/trainer-protocol.ts';
import { findProcesses } from '../helpers/e2e-processes.ts';
import { until } from '../helpers/e2e-wait.ts';
import { makeSetup } from '../training/support.ts';
import { createWorkspace, startTrainer, type Trainer } from './support.ts';

/** Processes forked by a test are found by this in their environment. */
const MARK = 'ROOTSTOCK_TEST_STAYING';

async function makeJob(maxEpochs = 1): Promise<TrainerJob> {
  return (await createWorkspace(makeSetup({ trainer: { backend: 'wasm', maxEpochs } }))).fitJob();
}

/** Has a trainer do a job and stay; `onIdle` is called once it waits for the second time. */
function staying(first: TrainerJob, onIdle: (trainer: Trainer) => unknown): Trainer {
  let ready = 0;
  return startTrainer(
    first,
    (message, trainer) => {
      if (message.type !== 'ready') return;
      ready += 1;
      if (ready === 2) onIdle(trainer);
    },
    { stay: true },
  );
}

const types = (messages: readonly FromTrainer[]) =>
  messages.map(({ type }) => type).filter((type) => type === 'ready' || type === 'finished');

test('one that stays is ready again after its last word, and a stop meant for the stage before stops nothing', async () => {
  const [first, second] = [await makeJob(), await makeJob()];
  const trainer = staying(first, ({ send }) => {
    send({ type: 'save', stop: true });
    send({ type: 'start', job: second });
  });
  assert.deepEqual(await trainer.closed, { code: 0, signal: null });
  assert.deepEqual(types(trainer.messages), ['ready', 'finished', 'ready', 'finished']);
});

test('a stop in its second stage is answered as in its first, and then it ends', async () => {
  const [first, second] = [await makeJob(), await makeJob(100_000)];
  let jobs = 0;
  const trainer = startTrainer(
    first,
    ({ type }, { send }) => {
      if (type === 'ready') jobs += 1;
      if (type === 'ready' && jobs === 2) send({ type: 'start', job: second, stay: true });
      if (type === 'progress' && jobs === 2) send({ type: 'save', stop: true });
    },
    { stay: true },
  );
  assert.deepEqual(await trainer.closed, { code: 0, signal: null });
  assert.equal(trainer.messages.at(-1)?.type, 'saved');
});

test('one that waits again looks as one that stands by, and ends when its parent closes the channel', async (t) => {
  const mark = `${MARK}-${process.pid}`;
  process.env[MARK] = mark;
  t.after(() => delete process.env[MARK]);
  const trainer = staying(await makeJob(), async ({ child }) => {
    await until(() => findProcesses(mark, 'standby').some(({ pid }) => pid === child.pid), 'its title');
    child.disconnect();
  });
  assert.deepEqual(await trainer.closed, { code: 1, signal: null });
});
