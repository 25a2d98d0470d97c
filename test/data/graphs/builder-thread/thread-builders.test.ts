import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { NeighbourPlan } from '../../../../src/contracts/graphs.ts';
import type { GraphDataset } from '../../../../src/data/dataset.ts';
import { buildGraphBatch } from '../../../../src/data/graphs/build-graph-batch.ts';
import { connect, type Thread } from '../../../../src/data/graphs/builder-thread/connection.ts';
import { startThread } from '../../../../src/data/graphs/builder-thread/start-thread.ts';
import { createThreadBuilders } from '../../../../src/data/graphs/builder-thread/thread-builders.ts';
import { graphDatasetOf, type TestMolecule } from '../../../helpers/graph-dataset.ts';

const PLAN: NeighbourPlan = { cutOff: 1.5, selfInteraction: false, cell: null };
const CRYSTAL: NeighbourPlan = {
  cutOff: 2,
  selfInteraction: true,
  cell: [
    [4, 0, 0],
    [0, 4, 0],
    [0, 0, 4],
  ],
};

/** A chain of atoms 1 Angstrom apart, with everything that a molecule can have. */
function chain(atoms: number, first = 0): TestMolecule {
  const all = Array.from({ length: atoms }, (_, atom) => atom);
  return {
    atomNumbers: all.map((atom) => (atom + first) % 3),
    coordinates: all.map((atom) => [atom, first / 8, 0]),
    nodeAttrs: all.map((atom) => [atom * 0.1, first]),
    bonds: all.slice(1).map((atom) => ({ pair: [atom - 1, atom], attrs: [atom * 0.3, -first] })),
    graphAttrs: [atoms, first * 0.7],
    totalAtomicEnergy: -0.1 * atoms,
    targets: { y_graph_scalars: [[atoms * 0.3, first]], y_node_vector: all.map((atom) => [atom, first, 0.2]) },
  };
}

const MOLECULES = [chain(3), chain(1, 1), chain(5, 2), chain(2, 3), chain(4, 4)];
const DATASET = graphDatasetOf(MOLECULES, { numElements: 3 });
const ROWS = [[0, 1], [4, 2, 3], [1], [2, 2, 0]].map((rows) => Uint32Array.from(rows));

/** Builders with a thread of their own that ends with the test. */
function open(t: TestContext, start: () => Thread = startThread) {
  const builders = createThreadBuilders(() => connect(start()));
  t.after(() => builders.close());
  return builders;
}

const CASES: readonly (readonly [string, GraphDataset, NeighbourPlan])[] = [
  ['molecules with bonds, features and targets', DATASET, PLAN],
  ['crystals', graphDatasetOf([chain(2), chain(2, 1), chain(3), chain(1), chain(2)], { numElements: 3 }), CRYSTAL],
];

for (const [name, dataset, neighbours] of CASES) {
  test(`a batch of the thread has the same bits as one that is built here, expected or not: ${name}`, async (t) => {
    const builder = open(t).of(dataset, neighbours);
    for (const rows of ROWS) assert.deepEqual(await builder.build(rows), buildGraphBatch(dataset, rows, neighbours));
    builder.expect(ROWS);
    for (const rows of ROWS) assert.deepEqual(await builder.build(rows), buildGraphBatch(dataset, rows, neighbours));
  });
}

test('datasets share a thread and keep their own order', async (t) => {
  let started = 0;
  const builders = open(t, () => {
    started += 1;
    return startThread();
  });
  const other = graphDatasetOf([...MOLECULES].reverse(), { numElements: 3 });
  const [a, b] = [builders.of(DATASET, PLAN), builders.of(other, PLAN)];
  assert.equal(started, 0, 'nothing is started before the first batch');
  a.expect(ROWS);
  for (const rows of ROWS) {
    assert.deepEqual(await b.build(rows), buildGraphBatch(other, rows, PLAN));
    assert.deepEqual(await a.build(rows), buildGraphBatch(DATASET, rows, PLAN));
  }
  assert.equal(started, 1);
});

test('a batch that cannot be built fails when it is asked for, with the id of its row; those around it do not', async (t) => {
  const dataset = {
    ...DATASET,
    atomNumbers: DATASET.atomNumbers.map((number, atom) => (atom === 3 ? 7 : number)),
    rowId: (row: number) => `mol-${row}`,
  };
  const builder = open(t).of(dataset, PLAN);
  const [good, bad, later] = [[0, 2], [3, 1], [4]].map((rows) => Uint32Array.from(rows)) as [Uint32Array, Uint32Array, Uint32Array];
  builder.expect([good, bad, later]);
  assert.deepEqual(await builder.build(good), buildGraphBatch(dataset, good, PLAN));
  await assert.rejects(builder.build(bad), {
    name: 'RootstockError',
    code: 'MOLECULE_INVALID',
    details: { row: 'mol-1', number: 7, numElements: 3 },
    message: /^Molecule "mol-1": expected atom numbers 0 .. 2/,
  });
  assert.deepEqual(await builder.build(later), buildGraphBatch(dataset, later, PLAN));
});

test('arrays on shared memory are not copied: the thread sees what is written here', async (t) => {
  const coordinates = new Float32Array(new SharedArrayBuffer(DATASET.coordinates.byteLength));
  coordinates.set(DATASET.coordinates);
  const builder = open(t).of({ ...DATASET, coordinates }, PLAN);
  const rows = Uint32Array.of(0);
  await builder.build(rows);
  coordinates[1] = 0.25;
  assert.equal((await builder.build(rows)).coordinates[1], 0.25);
});

test('a forgotten dataset can be asked for again', async (t) => {
  const builder = open(t).of(DATASET, PLAN);
  for (const rows of ROWS) {
    builder.expect([rows]);
    assert.deepEqual(await builder.build(rows), buildGraphBatch(DATASET, rows, PLAN));
    builder.forget();
  }
});

test('a thread that ends is an error that a retry can cure, for the batch at hand and all later ones', async (t) => {
  const builder = open(t, () => new Worker('process.exit(3)', { eval: true })).of(DATASET, PLAN);
  builder.expect(ROWS);
  for (const rows of ROWS) {
    await assert.rejects(builder.build(rows), { code: 'TRAINER_DIED', message: /exited with code 3.*\nFix: / });
  }
});

test('a thread that throws is named with its cause, and one without memory is OUT_OF_MEMORY', async (t) => {
  const failing = open(t, () => new Worker('throw new Error("no such thing")', { eval: true })).of(DATASET, PLAN);
  await assert.rejects(failing.build(ROWS[0] as Uint32Array), { code: 'TRAINER_DIED', message: /failed: no such thing/ });
  const script = 'const all = []; for (;;) all.push(new Array(100000).fill(all.length))';
  const full = open(t, () => new Worker(script, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 16 } })).of(DATASET, PLAN);
  await assert.rejects(full.build(ROWS[0] as Uint32Array), { code: 'OUT_OF_MEMORY', message: /out of memory.*\nFix: / });
});

test('closing ends the thread, and the next batch starts another', async () => {
  const threads: Worker[] = [];
  const builders = createThreadBuilders(() => {
    const thread = startThread();
    threads.push(thread);
    return connect(thread);
  });
  const builder = builders.of(DATASET, PLAN);
  const [rows] = ROWS as [Uint32Array];
  builder.expect(ROWS);
  await builder.build(rows);
  await builders.close();
  assert.deepEqual(
    threads.map(({ threadId }) => threadId),
    [-1],
  );
  assert.deepEqual(await builder.build(rows), buildGraphBatch(DATASET, rows, PLAN));
  await builders.close();
  assert.equal(threads.length, 2);
});

test('a thread that does not end fails the closing that wanted it to, and no later one', async () => {
  let fails = true;
  const thread: Thread = {
    postMessage: () => undefined,
    on: () => undefined,
    ref: () => undefined,
    unref: () => undefined,
    terminate: () => (fails ? Promise.reject(new Error('not ended')) : Promise.resolve(0)),
  };
  const builders = createThreadBuilders(() => connect(thread));
  builders.start();
  await assert.rejects(builders.close(), /not ended/);
  await builders.close();
  fails = false;
  builders.start();
  await builders.close();
});

test('closing again waits for a thread that is still ending', async () => {
  let end = (): void => undefined;
  const thread: Thread = {
    postMessage: () => undefined,
    on: () => undefined,
    ref: () => undefined,
    unref: () => undefined,
    terminate: () =>
      new Promise((resolve) => {
        end = () => resolve(0);
      }),
  };
  const builders = createThreadBuilders(() => connect(thread));
  builders.start();
  const ended: string[] = [];
  const closings = ['first', 'second'].map((name) => builders.close().then(() => void ended.push(name)));
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(ended, []);
  end();
  await Promise.all(closings);
  assert.deepEqual(ended, ['first', 'second']);
});
