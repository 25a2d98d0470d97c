import assert from 'node:assert/strict';
import { readdir, readlink } from 'node:fs/promises';
import test, { type TestContext } from 'node:test';
import type { FitJob, FromTrainer } from '../../src/contracts/trainer-protocol.ts';
import type { GraphDataset } from '../../src/data/dataset.ts';
import type { GraphModel } from '../../src/models/definition.ts';
import { findModel } from '../../src/models/registry.ts';
import { readProcessIdentity } from '../../src/processes/process-identity.ts';
import { forkTrainer, type TrainerFork } from '../../src/trainer-client/fork-trainer.ts';
import { createTrainers, type Trainers, type TrainersOptions } from '../../src/trainer-client/trainers.ts';
import type { StageSetup } from '../../src/training/stage-setup.ts';
import { until, untilSome } from '../helpers/e2e-wait.ts';
import { LEAK_ENV } from '../helpers/leaking-model.ts';
import { createWorkspace, runJob } from '../trainer-process/support.ts';
import { FACTS, makeGraphDataset, makeGraphSetup } from '../training/graph-support.ts';
import { makeHardSetup, makeSetup } from '../training/support.ts';

/** No standby is forked: whoever waits has stayed. */
const NO_ROOM = { cores: 1, availableBytes: 0 };

/** The digest of a state covers the name of its stage. */
const STAGE_KEYS = ['5', '6', '7', '8', '9'].map((digit) => digit.repeat(64));

/** A stage of molecules, whose batches a thread builds; what is frozen is computed once. */
function moleculeStage(freeze: readonly string[], seed: number): StageSetup {
  const molecules = (rows: number): GraphDataset => {
    const made = makeGraphDataset(rows, seed);
    const values = made.targets.y_graph_scalars?.values.filter((_, at) => at % 2 === 0) ?? new Float32Array(rows);
    return {
      ...made,
      targets: { y_graph_scalars: { offsets: Uint32Array.from({ length: rows + 1 }, (_, row) => row), width: 1, values } },
    };
  };
  const setup = makeGraphSetup({
    definition: findModel('egnn_model', []) as GraphModel,
    config: { num_node_feats: 3, c_hidden: 6, num_layers: 1, y_graph_scalars_loss_config: { name: 'MSELoss' } },
    facts: { inputWidth: 0, outputWidth: 1, graph: { ...FACTS.graph, targets: { y_graph_scalars: 1 } } },
    trainer: { backend: 'wasm' },
    freeze,
    stage: freeze.length === 0 ? {} : { prefixCache: { modules: freeze, byteLength: 0, fits: true } },
  });
  return { ...setup, train: molecules(22), validation: molecules(9) };
}

/** Stages that have little in common, and the first one again. */
const SETUPS: readonly StageSetup[] = [
  makeHardSetup({ backend: 'wasm', earlyStopping: null, maxEpochs: 4 }),
  makeSetup({ config: { num_layers: 3, hidden_dim: 40 }, trainer: { backend: 'wasm' }, freeze: ['module.0'], seed: 8 }),
  makeSetup({ trainer: { backend: 'wasm', maxEpochs: 5 }, optimizer: { name: 'AdamW', config: { lr: 0.1 } }, seed: 9 }),
  moleculeStage([], 1),
  moleculeStage(['egnn'], 2),
];

/** The first of them that needs a thread. */
const FIRST_MOLECULES = SETUPS.findIndex(({ train }) => train.kind === 'graphs');

const LEAKING = [new URL('../helpers/leaking-model.ts', import.meta.url).href];

function makeTrainers(t: TestContext, options: TrainersOptions = {}): Trainers {
  const trainers = createTrainers({ room: () => NO_ROOM, ...options });
  t.after(() => trainers.close());
  return trainers;
}

async function jobOf(setup: StageSetup, options: Partial<FitJob> = {}): Promise<FitJob> {
  return (await createWorkspace(setup)).fitJob(options);
}

/** A job of a few steps. */
function shortJob(options: Partial<FitJob> = {}): Promise<FitJob> {
  return jobOf(makeSetup({ trainer: { backend: 'wasm', maxEpochs: 1 } }), options);
}

/** Does one stage in a trainer that then waits, and gives its pid. */
async function stayed(trainers: Trainers): Promise<number> {
  const job = await shortJob();
  const handle = trainers.start('wasm', async () => job, undefined, { stay: true });
  assert.equal((await handle.outcome).type, 'finished');
  assert.notEqual(readProcessIdentity(handle.pid), null);
  return handle.pid;
}

/** Which process does the next job. */
async function nextPid(trainers: Trainers, options = {}): Promise<number> {
  const job = await shortJob();
  const handle = trainers.start('wasm', async () => job, undefined, options);
  assert.equal((await handle.outcome).type, 'finished');
  return handle.pid;
}

/** Whether a process is gone, soon. */
function untilGone(pid: number): Promise<void> {
  return until(() => readProcessIdentity(pid) === null, `process ${pid} to be gone`);
}

/** What files of a run a process has open. */
async function openFiles(pid: number, directory: string): Promise<readonly string[]> {
  const found = await Promise.all((await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  return found.filter((path) => path.startsWith(directory));
}

test('a dozen stages in one process come out as each in a process of its own, bit for bit, and leave no file open', async (t) => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => void warnings.push(warning);
  process.on('warning', warn);
  t.after(() => process.off('warning', warn));
  const fresh = await Promise.all(SETUPS.map(async (setup, index) => runJob(await jobOf(setup, { stageKey: STAGE_KEYS[index] ?? '' }))));
  const trainers = makeTrainers(t);
  const pids = new Set<number>();
  const threads: number[] = [];
  for (let stage = 0; stage < 12; stage += 1) {
    const which = stage % SETUPS.length;
    const workspace = await createWorkspace(SETUPS[which] as StageSetup);
    const job = await workspace.fitJob({ stageKey: STAGE_KEYS[which] ?? '' });
    const said: FromTrainer[] = [];
    const handle = trainers.start(
      'wasm',
      async () => job,
      (message) => said.push(message),
      { stay: true },
    );
    assert.deepEqual(await handle.outcome, fresh[which], `stage ${stage}`);
    assert.ok(
      said.some(({ type }) => type === 'progress'),
      'each is heard',
    );
    pids.add(handle.pid);
    threads.push((await readdir(`/proc/${handle.pid}/task`)).length);
    assert.deepEqual(await openFiles(handle.pid, workspace.directory), []);
  }
  assert.equal(pids.size, 1);
  const [without, kept] = [threads.slice(0, FIRST_MOLECULES), threads.slice(FIRST_MOLECULES)];
  assert.ok(Math.min(...kept) > Math.max(...without), `the thread that builds batches stays: ${threads.join(' ')} threads`);
  assert.deepEqual(warnings, [], 'nobody goes on listening to a stage that is over');
});

test('a test split is judged by the trainer that trained, which then ends', async (t) => {
  const trainers = makeTrainers(t);
  const workspace = await createWorkspace(makeSetup({ trainer: { backend: 'wasm' } }));
  const expected = await runJob(workspace.evaluateJob());
  const pid = await stayed(trainers);
  const handle = trainers.start('wasm', async () => workspace.evaluateJob());
  assert.deepEqual(await handle.outcome, expected);
  assert.equal(handle.pid, pid);
  assert.equal(readProcessIdentity(pid), null);
});

test('a stop that comes between two stages stops neither', async (t) => {
  const trainers = makeTrainers(t);
  const job = await shortJob();
  const first = trainers.start(
    'wasm',
    async () => job,
    (message) => {
      // The trainer hears of it when its stage is over, and before the next.
      if (message.type === 'finished') first.save(true);
    },
    { stay: true },
  );
  assert.equal((await first.outcome).type, 'finished');
  first.save(true);
  first.kill();
  assert.equal(await nextPid(trainers), first.pid);
});

test('a stop that comes before the job does is heard by that job', async (t) => {
  const trainers = makeTrainers(t);
  const pid = await stayed(trainers);
  const job = await jobOf(makeSetup({ trainer: { backend: 'wasm', maxEpochs: 1_000 } }));
  const handle = trainers.start('wasm', async () => job, undefined, { stay: true });
  handle.save(true);
  assert.equal((await handle.outcome).type, 'saved');
  assert.equal(handle.pid, pid);
  assert.equal(readProcessIdentity(pid), null, 'who was stopped does not stay');
});

test('a stage that failed ends its trainer, and an attempt after a failure gets a process that has done nothing', async (t) => {
  const trainers = makeTrainers(t);
  const pid = await stayed(trainers);
  const failing = await jobOf(
    makeSetup({ trainer: { backend: 'wasm' }, optimizer: { name: 'SGD', config: { lr: 1e30 } }, validation: null }),
  );
  const failed = trainers.start('wasm', async () => failing, undefined, { stay: true });
  await assert.rejects(failed.outcome, { code: 'NON_FINITE_LOSS' });
  assert.equal(failed.pid, pid);
  const other = await stayed(trainers);
  assert.notEqual(other, pid);
  assert.notEqual(await nextPid(trainers, { fresh: true }), other);
  assert.equal(await nextPid(trainers), other, 'the one that waits still does');
});

test('a job that cannot be made ends the trainer that was to do it', async (t) => {
  const trainers = makeTrainers(t);
  const pid = await stayed(trainers);
  const handle = trainers.start('wasm', () => Promise.reject(new Error('no lease')), undefined, { stay: true });
  await assert.rejects(handle.outcome, { code: 'INTERNAL', message: 'no lease' });
  assert.equal(handle.pid, pid);
  await untilGone(pid);
});

test('a budget begins with each job: one that hangs in its second is killed by the phase it is in', async (t) => {
  const trainers = makeTrainers(t);
  const pid = await stayed(trainers);
  const job = await jobOf(makeSetup({ trainer: { backend: 'wasm', maxEpochs: 100_000 } }));
  const handle = trainers.start(
    'wasm',
    async () => job,
    (message) => {
      if (message.type === 'progress') process.kill(pid, 'SIGKILL');
    },
    { stay: true },
  );
  await assert.rejects(handle.outcome, { code: 'TRAINER_DIED', message: /ended by SIGKILL .*in phase "(?:step|validate)"/su });
});

test('one that stays ends when no job comes, when it is closed, and when it is closed before it stays', async (t) => {
  await untilGone(await nextPid(makeTrainers(t, { idleMs: 50 }), { stay: true }));
  const trainers = makeTrainers(t);
  const pid = await stayed(trainers);
  trainers.close();
  await untilGone(pid);
  await untilGone(await nextPid(trainers, { stay: true }));
});

test('the one that stayed last waits; nobody stays on a backend that holds a device', async (t) => {
  const trainers = makeTrainers(t);
  const [one, two] = await Promise.all([shortJob(), shortJob()]);
  const handles = [one, two].map((job) => trainers.start('wasm', async () => job, undefined, { stay: true }));
  await Promise.all(handles.map(({ outcome }) => outcome));
  const alive = await untilSome(() => {
    const left = handles.filter(({ pid }) => readProcessIdentity(pid) !== null);
    return left.length === 1 ? left : undefined;
  }, 'one to be left');
  assert.equal(await nextPid(trainers), alive[0]?.pid);
  const handle = trainers.start('tensorflow', async () => one, undefined, { stay: true });
  await handle.outcome;
  assert.equal(readProcessIdentity(handle.pid), null);
});

for (const what of ['tensor', 'timer'] as const) {
  test(`a stage that leaves a ${what} behind ends its trainer, and another one gets ready`, async (t) => {
    process.env[LEAK_ENV] = what;
    t.after(() => delete process.env[LEAK_ENV]);
    const forks: TrainerFork[] = [];
    const trainers = makeTrainers(t, {
      room: () => ({ cores: 4, availableBytes: 2 ** 34 }),
      fork(backend) {
        const forked = forkTrainer(backend);
        forks.push(forked);
        return forked;
      },
    });
    const job = await shortJob({ register: LEAKING });
    const handle = trainers.start('wasm', async () => job, undefined, { stay: true });
    assert.equal((await handle.outcome).type, 'finished');
    assert.equal(readProcessIdentity(handle.pid), null);
    const ready = await untilSome(() => forks[0], 'a standby');
    assert.equal(await nextPid(trainers), ready.child.pid);
  });
}
