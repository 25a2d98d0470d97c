import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Worker } from 'node:worker_threads';
import type { GraphDataset } from '../../src/data/dataset.ts';
import { loadBackend } from '../../src/kernels/backend.ts';
import { type BatchSource, batchesHere, openBatches } from '../../src/training/batch-source.ts';
import { disposeBatch, type MoleculeBatch, type Rows, rowsOfBatch } from '../../src/training/batches.ts';
import { createFitRun, type FitRun, orderOf } from '../../src/training/fit-run.ts';
import type { FitDependencies } from '../../src/training/fit-types.ts';
import type { StageSetup } from '../../src/training/stage-setup.ts';
import { dryRun, trainStep } from '../../src/training/train-step.ts';
import { makeGraphDataset, makeGraphSetup, NEIGHBOURS } from './graph-support.ts';
import { digestState, lastState, makeSetup, record } from './support.ts';

/** Threads that are started while a test runs. */
function watchThreads(t: TestContext): readonly Worker[] {
  const threads: Worker[] = [];
  const onWorker = (worker: Worker) => void threads.push(worker);
  process.on('worker', onWorker);
  t.after(() => process.off('worker', onWorker));
  return threads;
}

/** The second molecule of the sixth batch in the first epoch has an atom that is none: batches are of four rows. */
function withBadMolecule(setup: StageSetup): StageSetup {
  const order = orderOf({ orders: new Map(), setup } as unknown as FitRun, 0);
  const bad = rowsOfBatch(order, 4, 4)[1] as number;
  const { train } = setup;
  assert.ok(train.kind === 'graphs');
  const atomNumbers = train.atomNumbers.slice();
  atomNumbers[train.nodeOffsets[bad] as number] = 9;
  return { ...setup, train: { ...train, atomNumbers } };
}

test('a batch from the thread has the bits of one that is made here, on the device too', async (t) => {
  await loadBackend('wasm');
  const dataset = makeGraphDataset(9, 2);
  const opened = openBatches(NEIGHBOURS);
  t.after(() => opened.close());
  const [ahead, here] = [opened.of(dataset), batchesHere(dataset, NEIGHBOURS)];
  for (const rows of [
    [0, 1, 2],
    [8, 3],
  ].map((positions) => Uint32Array.from(positions))) {
    const [a, b] = (await Promise.all([ahead.load(rows), here.load(rows)])) as [MoleculeBatch, MoleculeBatch];
    assert.deepEqual(a.host, b.host);
    assert.equal(a.samples, b.samples);
    for (const name of ['nodeAttrs', 'coordinates', 'nodesPerGraph'] as const)
      assert.deepEqual(await a.graphs[name].data(), await b.graphs[name].data(), name);
    for (const batch of [a, b]) disposeBatch(batch);
  }
});

test('a stage of molecules starts one thread and ends it; one of plain features starts none', async (t) => {
  await loadBackend('wasm');
  const threads = watchThreads(t);
  await record(makeSetup({ trainer: { backend: 'wasm' } }));
  assert.equal(threads.length, 0);
  await record(makeGraphSetup({ trainer: { backend: 'wasm' } }));
  assert.deepEqual(
    threads.map(({ threadId }) => threadId),
    [-1],
  );
});

test('a thread may be started before there is a batch, and is not without molecules', async (t) => {
  const threads = watchThreads(t);
  const without = openBatches(null);
  without.start();
  const opened = openBatches(NEIGHBOURS);
  opened.start();
  const dataset = makeGraphDataset(9, 2);
  const rows = Uint32Array.of(3, 4);
  const batch = (await opened.of(dataset).load(rows)) as MoleculeBatch;
  assert.equal(batch.samples, 2);
  disposeBatch(batch);
  await Promise.all([without.close(), opened.close()]);
  assert.equal(threads.length, 1);
});

test('a stage that is resumed at its end starts no thread', async (t) => {
  await loadBackend('wasm');
  const setup = makeGraphSetup({ trainer: { backend: 'wasm' } });
  const { log } = await record(setup);
  const threads = watchThreads(t);
  await record(setup, { resume: lastState(log) });
  assert.equal(threads.length, 0);
});

test('a molecule that is wrong ends the stage at the step that needs it: what was trained before is kept', async (t) => {
  await loadBackend('wasm');
  const threads = watchThreads(t);
  const good = await record(makeGraphSetup({ trainer: { backend: 'wasm' } }), { snapshotEveryStep: true });
  const digests: string[] = [];
  await assert.rejects(
    record(withBadMolecule(makeGraphSetup({ trainer: { backend: 'wasm' } })), {
      snapshotEveryStep: true,
      onCommit: ({ state }) => void digests.push(digestState(state)),
    }),
    { name: 'RootstockError', code: 'MOLECULE_INVALID', message: /^Molecule "m\d+": expected atom numbers 0 .. 2.*received 9/ },
  );
  assert.deepEqual(
    digests,
    good.log.snapshots.slice(0, 4).map(({ state }) => digestState(state)),
  );
  assert.deepEqual(
    threads.map(({ threadId }) => threadId),
    [-1, -1],
  );
});

test('a thread that dies in the middle of a stage ends the attempt with TRAINER_DIED, and the next one goes on bit for bit', async (t) => {
  await loadBackend('wasm');
  const setup = makeGraphSetup({ trainer: { backend: 'wasm', maxEpochs: 3 } });
  const golden = await record(setup, { snapshotEveryStep: true });
  const threads = watchThreads(t);
  let state = golden.log.snapshots[0]?.state;
  let steps = 0;
  const killed = record(setup, {
    snapshotEveryStep: true,
    onCommit: (request) => {
      state = request.state;
      steps += 1;
      if (steps === 6) void threads[0]?.terminate();
    },
  });
  await assert.rejects(killed, { code: 'TRAINER_DIED', message: /The thread that builds graph batches exited/ });
  const resumed = await record(setup, { resume: state ?? null });
  assert.equal(digestState(lastState(resumed.log)), digestState(lastState(golden.log)));
});

test('a thread that hangs leaves its step as it is: no further phase is said, so that the watchdog bites', async (t) => {
  await loadBackend('wasm');
  const threads = watchThreads(t);
  const phases: string[] = [];
  const run = startRun(makeGraphSetup({ trainer: { backend: 'wasm', maxEpochs: 100 } }), { phase: (phase) => void phases.push(phase) });
  const opened = openBatches(NEIGHBOURS);
  t.after(() => opened.close());
  run.batches = { train: opened.of(run.setup.train), validation: null };
  for (let step = 0; step < 4; step += 1) await trainStep(run);
  const [thread] = threads;
  assert.ok(thread);
  thread.postMessage = () => undefined;
  let steps = 0;
  const training = (async () => {
    for (;;) {
      await trainStep(run);
      steps += 1;
    }
  })();
  const outcome = assert.rejects(training, { code: 'TRAINER_DIED' });
  // What was built before is used up.
  for (let turn = 0; turn < 2000; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(steps >= 4 && steps < 12, `${steps} steps`);
  const said = phases.length;
  assert.equal(phases.at(-1), 'step');
  for (let turn = 0; turn < 1000; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(phases.length, said);
  await opened.close();
  await outcome;
  run.meter.dispose();
  run.state.dispose();
});

for (const accumulateGradBatches of [1, 3]) {
  test(`every batch is expected a window before it is loaded, also across epochs: windows of ${accumulateGradBatches}`, async () => {
    await loadBackend('wasm');
    const setup = makeGraphSetup({ trainer: { backend: 'wasm', maxEpochs: 4, accumulateGradBatches } });
    const run = startRun(setup);
    const expected: string[] = [];
    const loaded: string[] = [];
    const source = recordingSource(setup.train as GraphDataset, expected, loaded);
    run.batches = { train: source, validation: null };
    await dryRun(run);
    const known: number[] = [];
    while (run.position.stoppedBy === null) {
      const before = new Set(expected);
      const first = loaded.length;
      await trainStep(run);
      known.push(loaded.slice(first).filter((rows) => before.has(rows)).length);
    }
    const batches = loaded.length - Math.min(accumulateGradBatches, setup.stage.batchesPerEpoch);
    assert.equal(batches, 4 * setup.stage.batchesPerEpoch);
    assert.equal(
      known.reduce((sum, count) => sum + count, 0),
      batches,
      'nothing is loaded that was not expected in the step before',
    );
    assert.deepEqual([...new Set(expected)].sort(), [...new Set(loaded)].sort(), 'nothing is expected that is never loaded');
    run.meter.dispose();
    run.state.dispose();
  });
}

/** Says what is expected and what is loaded. */
function recordingSource(dataset: GraphDataset, expected: string[], loaded: string[]): BatchSource {
  const here = batchesHere(dataset, NEIGHBOURS);
  const toText = (rows: Rows) => [...rows].join(' ');
  return {
    expect: (rows) => void expected.push(...rows.map(toText)),
    load(rows) {
      loaded.push(toText(rows));
      return here.load(rows);
    },
  };
}

/** A stage of molecules between two steps. */
function startRun(setup: StageSetup, events: Partial<FitDependencies['events']> = {}): FitRun {
  const deps: FitDependencies = {
    now: () => 0,
    nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
    sink: { newest: () => null, commit: () => Promise.reject(new Error('nothing is committed here')) },
    sampleLog: { append: () => undefined, flush: () => Promise.resolve(0) },
    events: { phase: () => undefined, progress: () => undefined, snapshot: () => undefined, ...events },
    takeRequest: () => 'none',
    snapshotEveryStep: false,
    resume: null,
  };
  return createFitRun(setup, deps, { train: batchesHere(setup.train, NEIGHBOURS), validation: null });
}
