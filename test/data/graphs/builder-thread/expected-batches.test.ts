import assert from 'node:assert/strict';
import test from 'node:test';
import { buildGraphBatch } from '../../../../src/data/graphs/build-graph-batch.ts';
import { connect, type Thread } from '../../../../src/data/graphs/builder-thread/connection.ts';
import type { BuilderReply, BuilderRequest } from '../../../../src/data/graphs/builder-thread/messages.ts';
import { createThreadBuilders, MOST_BYTES_AHEAD } from '../../../../src/data/graphs/builder-thread/thread-builders.ts';
import { graphDatasetOf } from '../../../helpers/graph-dataset.ts';

const PLAN = { cutOff: 1.5, selfInteraction: false, cell: null };
const DATASET = graphDatasetOf(
  Array.from({ length: 20 }, () => ({ atomNumbers: [0], coordinates: [[0, 0, 0]] })),
  { numElements: 1 },
);
const ORDER = Uint32Array.from({ length: 20 }, (_, row) => row);
const batches = (first: number, count: number) => Array.from({ length: count }, (_, at) => ORDER.subarray(first + at, first + at + 1));

/** A builder of a thread that answers when it is told to, with batches that are said to have `byteLength` bytes. */
function stubbornThread(byteLength: number) {
  const asked: number[] = [];
  const told: string[] = [];
  let answered = 0;
  let listener: (reply: BuilderReply) => void = () => undefined;
  const thread: Thread = {
    postMessage(request: BuilderRequest) {
      told.push(request.type);
      if (request.type === 'batch') asked.push(request.rows[0] as number);
    },
    on(event: string, to: never) {
      if (event === 'message') listener = to;
    },
    terminate: () => Promise.resolve(0),
    ref: () => undefined,
    unref: () => undefined,
  };
  const answer = () => {
    const batch = buildGraphBatch(DATASET, [asked[answered] as number], PLAN);
    answered += 1;
    listener({ type: 'built', batch, byteLength });
  };
  return { asked, told, answer, builder: createThreadBuilders(() => connect(thread)).of(DATASET, PLAN) };
}

/** Builds a batch and lets the thread answer. */
async function build({ builder, answer }: ReturnType<typeof stubbornThread>, row: number): Promise<void> {
  const batch = builder.build(ORDER.subarray(row, row + 1));
  answer();
  await batch;
}

test('one batch is asked for until the size of a batch is known, then all that are expected', async () => {
  const thread = stubbornThread(1000);
  thread.builder.expect(batches(0, 4));
  assert.deepEqual(thread.asked, [0]);
  await build(thread, 0);
  thread.builder.expect(batches(1, 4));
  assert.deepEqual(thread.asked, [0, 1, 2, 3, 4]);
});

test('more are asked for when half of them are used, and none twice', async () => {
  const thread = stubbornThread(1000);
  await build(thread, 0);
  const counts: number[] = [];
  for (let row = 1; row < 9; row += 1) {
    thread.builder.expect(batches(row, 4));
    counts.push(thread.asked.length);
    await build(thread, row);
  }
  assert.deepEqual(counts, [5, 5, 7, 7, 9, 9, 11, 11]);
  assert.deepEqual(
    thread.asked,
    Array.from({ length: 11 }, (_, row) => row),
  );
});

test('a batch that is asked for again is built again, and those after it stay', async () => {
  const thread = stubbornThread(1000);
  await build(thread, 0);
  thread.builder.expect(batches(1, 4));
  await build(thread, 1);
  thread.builder.expect(batches(1, 4));
  assert.deepEqual(thread.asked, [0, 1, 2, 3, 4, 1]);
});

test('batches ahead are bounded by their bytes; one is always built ahead', async () => {
  const large = stubbornThread(MOST_BYTES_AHEAD / 2.5);
  await build(large, 0);
  large.builder.expect(batches(1, 8));
  assert.deepEqual(large.asked, [0, 1, 2]);
  const huge = stubbornThread(MOST_BYTES_AHEAD * 2);
  await build(huge, 0);
  huge.builder.expect(batches(1, 8));
  assert.deepEqual(huge.asked, [0, 1]);
});

test('a dataset is sent once, and again after it was forgotten', async () => {
  const thread = stubbornThread(1000);
  thread.builder.forget();
  for (const row of [0, 1]) await build(thread, row);
  thread.builder.expect(batches(2, 1));
  thread.builder.forget();
  thread.builder.expect(batches(2, 1));
  assert.deepEqual(thread.told, ['molecules', 'batch', 'batch', 'batch', 'forget', 'molecules', 'batch']);
});

test('a thread that does not answer leaves its batch open, so that the watchdog of the step bites', async () => {
  const thread = stubbornThread(1000);
  let done = false;
  void thread.builder.build(ORDER.subarray(0, 1)).then(() => {
    done = true;
  });
  for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(done, false);
});
