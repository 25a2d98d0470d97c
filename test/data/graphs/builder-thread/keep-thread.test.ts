import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { buildGraphBatch } from '../../../../src/data/graphs/build-graph-batch.ts';
import { type KeptThread, keepThread, MOST_BYTES_KEPT } from '../../../../src/data/graphs/builder-thread/keep-thread.ts';
import { startThread } from '../../../../src/data/graphs/builder-thread/start-thread.ts';
import { createThreadBuilders } from '../../../../src/data/graphs/builder-thread/thread-builders.ts';
import { graphDatasetOf } from '../../../helpers/graph-dataset.ts';

const PLAN = { cutOff: 1.5, selfInteraction: false, cell: null };
const DATASETS = [3, 4].map((atoms) =>
  graphDatasetOf(
    Array.from({ length: 4 }, (_, row) => ({
      atomNumbers: Array.from({ length: atoms }, () => 0),
      coordinates: Array.from({ length: atoms }, (_atom, at) => [at, row, 0]),
    })),
    { numElements: 1 },
  ),
);
const [DATASET, OTHER] = DATASETS as [(typeof DATASETS)[number], (typeof DATASETS)[number]];
const ROWS = Uint32Array.of(2, 0);

/** A thread that may be kept, and all that were started for it; they end with the test. */
function open(t: TestContext): { readonly kept: KeptThread; readonly started: readonly Worker[] } {
  const started: Worker[] = [];
  const kept = keepThread(() => {
    const thread = startThread();
    started.push(thread);
    return thread;
  });
  t.after(() => Promise.all(started.map((thread) => thread.terminate())));
  return { kept, started };
}

/** Ports that keep this process alive. */
const ports = () => process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length;

test('the thread of one stage builds the batches of the next, with the same bits, also for builders that come back to it', async (t) => {
  const { kept, started } = open(t);
  const first = createThreadBuilders(kept.connect);
  const builder = first.of(DATASET, PLAN);
  for (const dataset of [DATASET, OTHER]) {
    const builders = createThreadBuilders(kept.connect);
    assert.deepEqual(await builders.of(dataset, PLAN).build(ROWS), buildGraphBatch(dataset, ROWS, PLAN));
    await builders.close();
    assert.deepEqual(await builder.build(ROWS), buildGraphBatch(DATASET, ROWS, PLAN));
    await first.close();
  }
  assert.equal(started.length, 1);
});

test('one that waits knows nothing of the stage before, and does not keep the process alive; one at work does', async (t) => {
  const { kept, started } = open(t);
  const told: unknown[] = [];
  const before = ports();
  const connection = kept.connect();
  const [thread] = started as [Worker];
  const post = thread.postMessage.bind(thread);
  thread.postMessage = (message: { readonly type: string }, transfer) => {
    told.push(message.type);
    post(message, transfer);
  };
  const number = connection.send(DATASET, PLAN);
  const other = connection.send(OTHER, PLAN);
  await connection.build(number, ROWS.slice());
  connection.forget(other);
  assert.ok(!kept.isWaiting());
  assert.equal(ports(), before + 1);
  await connection.close();
  assert.ok(kept.isWaiting());
  assert.equal(ports(), before);
  assert.deepEqual(told, ['molecules', 'molecules', 'batch', 'forget', 'forget'], 'each is forgotten once');
  const again = kept.connect();
  assert.ok(!kept.isWaiting());
  assert.equal(ports(), before + 1);
  const reply = await again.build(number, ROWS.slice());
  assert.equal(reply.type, 'failed');
  assert.equal(started.length, 1);
});

test('one that still builds what nobody wants is ended, and the next stage has a new one', async (t) => {
  const { kept, started } = open(t);
  const connection = kept.connect();
  const unwanted = connection.build(connection.send(DATASET, PLAN), ROWS.slice());
  const ended = assert.rejects(unwanted, { code: 'TRAINER_DIED' });
  await connection.close();
  assert.equal(started[0]?.threadId, -1);
  await ended;
  assert.ok(!kept.isWaiting());
  kept.connect();
  assert.equal(started.length, 2);
});

test('one that died while it waited is replaced', async (t) => {
  const { kept, started } = open(t);
  await kept.connect().close();
  assert.ok(kept.isWaiting());
  await started[0]?.terminate();
  assert.ok(!kept.isWaiting());
  const connection = kept.connect();
  assert.equal((await connection.build(connection.send(DATASET, PLAN), ROWS.slice())).type, 'built');
  assert.equal(started.length, 2);
});

test('of two stages at a time each has a thread, and one of them waits afterwards', async (t) => {
  const { kept, started } = open(t);
  const both = [kept.connect(), kept.connect()];
  await Promise.all(both.map((connection) => connection.close()));
  assert.deepEqual(
    started.map(({ threadId }) => threadId === -1),
    [false, true],
  );
});

test('closing once more does nothing, also when the thread waits or is at work elsewhere by then', async (t) => {
  const { kept, started } = open(t);
  const before = ports();
  const first = kept.connect();
  await first.close();
  await first.close();
  assert.ok(kept.isWaiting());
  const second = kept.connect();
  await first.close();
  assert.ok(!kept.isWaiting());
  assert.equal(ports(), before + 1);
  assert.equal((await second.build(second.send(DATASET, PLAN), ROWS.slice())).type, 'built');
  assert.equal(started.length, 1);
});

/** A dataset whose arrays are more than half of what a thread may have been given. */
const large = () => ({ ...DATASET, totalAtomicEnergy: new Float32Array(new SharedArrayBuffer(MOST_BYTES_KEPT / 2)) });

test('one is ended after the stage with which it was given too much, forgotten or not', async (t) => {
  const { kept, started } = open(t);
  const waits: boolean[] = [];
  for (let stage = 0; stage < 2; stage += 1) {
    const connection = kept.connect();
    connection.forget(connection.send(large(), PLAN));
    await connection.close();
    waits.push(kept.isWaiting());
  }
  assert.deepEqual(waits, [true, false]);
  assert.equal(started.length, 1);
});

test('batches count until each row may have been built: the edges of a molecule are found once', async (t) => {
  const { kept, started } = open(t);
  const connection = kept.connect();
  // Each batch is said to take a third of what may lie in a thread.
  started[0]?.prependListener('message', (reply: { byteLength: number }) => {
    reply.byteLength = MOST_BYTES_KEPT / 3;
  });
  const number = connection.send(DATASET, PLAN);
  for (let batch = 0; batch < 5; batch += 1) await connection.build(number, ROWS.slice());
  await connection.close();
  assert.ok(kept.isWaiting(), 'two batches have all four rows');
  const again = kept.connect();
  await again.build(again.send(DATASET, PLAN), ROWS.slice());
  await again.close();
  assert.ok(!kept.isWaiting());
});
