import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { TrainInput, TrainResult } from '../../src/contracts/stage-activities.ts';
import type { FromTrainer } from '../../src/contracts/trainer-protocol.ts';
import type { TrainerHandle } from '../../src/trainer-client/trainer-process.ts';
import type { Trainers } from '../../src/trainer-client/trainers.ts';
import { type ActivityRun, attempt, documentWith, makeRun, readyToTrain } from './support.ts';

const RESULT: TrainResult = { snapshot: 0, stateDigest: '', epochs: 2, steps: 600, metrics: {}, stoppedBy: 'max_epochs' };

/** Trainers without processes: the one that is started says these messages and is done; what is prepared is recorded, with the step it came at. */
function recordingTrainers(said: readonly FromTrainer[]) {
  const prepared: (readonly [backend: string, when: string])[] = [];
  let now = 'before';
  const trainers: Trainers = {
    start(_backend, _makeJob, onMessage = () => undefined) {
      const speak = async (): Promise<Awaited<TrainerHandle['outcome']>> => {
        for (const message of said) {
          now = message.type === 'progress' ? `step ${message.step}` : message.type === 'phase' ? message.phase : message.type;
          onMessage(message);
        }
        return { type: 'finished', result: RESULT };
      };
      const nothing = () => undefined;
      return { pid: 1, outcome: speak(), isContent: () => true, phase: () => 'step', save: nothing, kill: nothing };
    },
    prepare: (backend) => void prepared.push([backend, now]),
    close: () => undefined,
  };
  return { trainers, prepared };
}

/** What a stage says that goes at 10 steps a second, of 600: it is 5 seconds from its end at step 550. */
const STEADY: readonly FromTrainer[] = [
  { type: 'phase', phase: 'restore', budgetMs: 1_000 },
  ...[1, 300, 549, 550, 551, 600].map((step): FromTrainer => {
    return { type: 'progress', epoch: 0, step, totalSteps: 600, maxEpochs: 2, lr: 0.1, metrics: {}, stepsPerSecond: 10 };
  }),
];

/** Calls `train` with such trainers, and returns what was prepared. */
async function preparedBy(run: ActivityRun, input: TrainInput, said: readonly FromTrainer[] = STEADY) {
  const { trainers, prepared } = recordingTrainers(said);
  await attempt({ ...run, deps: { ...run.deps, trainers } }).train(input);
  return prepared;
}

async function longRun(t: TestContext) {
  const run = await makeRun(t, documentWith({ max_epochs: 20 }));
  return { run, ...(await readyToTrain(run)) };
}

test('a stage that another one follows has one trainer prepared, shortly before its end', async (t) => {
  const { run, input, summary } = await longRun(t);
  assert.equal(summary.stages[0]?.totalSteps, 600);
  assert.deepEqual(await preparedBy(run, input), [['wasm', 'step 550']]);
});

test('a stage of few steps has one prepared when it begins', async (t) => {
  const run = await makeRun(t);
  const { input } = await readyToTrain(run);
  assert.deepEqual((await preparedBy(run, input))[0], ['wasm', 'restore']);
});

test('nothing is prepared in the last stage of a run without test rows, unless the run is the pre-training of another', async (t) => {
  const { run, input } = await longRun(t);
  const { test: _rows, ...data } = input.data;
  const last = { ...input, stage: 1, data };
  assert.deepEqual(await preparedBy(run, last), []);
  assert.equal((await preparedBy(run, { ...last, data: input.data })).length, 1, 'test rows need a trainer');
  const { trainers, prepared } = recordingTrainers(STEADY);
  const info = { workflowExecution: { workflowId: 'parent/child', runId: 'r' } };
  await attempt({ ...run, deps: { ...run.deps, trainers } }, info).train(last);
  assert.equal(prepared.length, 1);
});

test('planning has a trainer prepared for the first stage', async (t) => {
  const run = await makeRun(t);
  const { trainers, prepared } = recordingTrainers([]);
  await attempt({ ...run, deps: { ...run.deps, trainers } }).plan({ run: run.document, expectedPlanDigest: null });
  assert.deepEqual(prepared, [['wasm', 'before']]);
});
