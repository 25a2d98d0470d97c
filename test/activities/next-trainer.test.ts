import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Info } from '@temporalio/activity';
import { takeStageLease } from '../../activities/stage-lease.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import type { TrainInput, TrainResult } from '../../src/contracts/stage-activities.ts';
import type { FromTrainer } from '../../src/contracts/trainer-protocol.ts';
import type { TrainerHandle } from '../../src/trainer-client/trainer-process.ts';
import type { StartOptions, Trainers } from '../../src/trainer-client/trainers.ts';
import { type ActivityRun, attempt, documentWith, makeRun, readyToTrain } from './support.ts';

const RESULT: TrainResult = { snapshot: 0, stateDigest: '', epochs: 2, steps: 600, metrics: {}, stoppedBy: 'max_epochs' };

/** Trainers without processes: the one that is started says these messages and is done; how it was started, and what is prepared when, is recorded. */
function recordingTrainers(said: readonly FromTrainer[]) {
  const prepared: (readonly [backend: string, when: string])[] = [];
  const started: (StartOptions | undefined)[] = [];
  let now = 'before';
  const trainers: Trainers = {
    start(_backend, _makeJob, onMessage = () => undefined, options) {
      started.push(options);
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
  return { trainers, prepared, started };
}

/** What a stage says that goes at 10 steps a second, of 600: it is 5 seconds from its end at step 550. */
const STEADY: readonly FromTrainer[] = [
  { type: 'phase', phase: 'restore', budgetMs: 1_000 },
  ...[1, 300, 549, 550, 551, 600].map((step): FromTrainer => {
    return { type: 'progress', epoch: 0, step, totalSteps: 600, maxEpochs: 2, lr: 0.1, metrics: {}, stepsPerSecond: 10 };
  }),
];

/** Calls `train` with such trainers, and returns whether the trainer was to stay and what was prepared. */
async function trainWith(run: ActivityRun, input: TrainInput, info: Partial<Info> = {}) {
  const { trainers, prepared, started } = recordingTrainers(STEADY);
  await attempt({ ...run, deps: { ...run.deps, trainers } }, info).train(input);
  return { stay: started[0]?.stay, fresh: started[0]?.fresh, prepared };
}

async function longRun(t: TestContext, second: JsonObject = {}) {
  const document = documentWith({ max_epochs: 20 }) as unknown as { readonly model: { readonly config: JsonObject } };
  const { config } = document.model;
  const transfer = config['transfer_learning'] as { readonly stages: readonly JsonObject[] };
  const stages = transfer.stages.map((stage, index) => (index === 1 ? { ...stage, ...second } : stage));
  const changed = { ...config, transfer_learning: { ...transfer, stages } };
  const run = await makeRun(t, { ...document, model: { ...document.model, config: changed } });
  return { run, ...(await readyToTrain(run)) };
}

test('the trainer of a stage that another one follows stays for it, and none is prepared beside it', async (t) => {
  const { run, input, summary } = await longRun(t);
  assert.equal(summary.stages[0]?.totalSteps, 600);
  assert.deepEqual(await trainWith(run, input), { stay: true, fresh: false, prepared: [] });
});

test('a stage on another backend has one prepared, shortly before the end of the stage before', async (t) => {
  const { run, input } = await longRun(t, { trainer: { backend: 'cpu' } });
  assert.deepEqual(await trainWith(run, input), { stay: false, fresh: false, prepared: [['cpu', 'step 550']] });
});

test('nobody stays after the last stage of a run without test rows, unless the run is the pre-training of another', async (t) => {
  const { run, input } = await longRun(t);
  const { test: _rows, ...data } = input.data;
  const last = { ...input, stage: 1, data };
  assert.deepEqual(await trainWith(run, last), { stay: false, fresh: false, prepared: [] });
  assert.equal((await trainWith(run, { ...last, data: input.data })).stay, true, 'test rows need a trainer');
  assert.equal((await trainWith(run, last, { workflowExecution: { workflowId: 'parent/child', runId: 'r' } })).stay, true);
});

test('a stage that was begun before gets a trainer that has done nothing before', async (t) => {
  const { run, input } = await longRun(t);
  await takeStageLease(
    { store: run.deps.store, stageKey: input.stageKey, context: attempt(run).env.context },
    { trainerPid: 999_999_999, snapshotHint: 0 },
  );
  assert.equal((await trainWith(run, input)).fresh, true);
});

test('planning has a trainer prepared for the first stage', async (t) => {
  const run = await makeRun(t);
  const { trainers, prepared } = recordingTrainers([]);
  await attempt({ ...run, deps: { ...run.deps, trainers } }).plan({ run: run.document, expectedPlanDigest: null });
  assert.deepEqual(prepared, [['wasm', 'before']]);
});
