import assert from 'node:assert/strict';
import test from 'node:test';
import { scalar } from '@tensorflow/tfjs-core';
import { keepThread } from '../../src/data/graphs/builder-thread/keep-thread.ts';
import { loadBackend } from '../../src/kernels/backend.ts';
import { hasLetGo, holdings } from '../../src/trainer-process/holdings.ts';

/** No thread waits for the next job. */
const NONE = { isWaiting: () => false };

test('a job that leaves nothing has let go', async () => {
  await loadBackend('wasm');
  const before = holdings(NONE);
  scalar(1).dispose();
  clearTimeout(setTimeout(() => undefined, 60_000));
  assert.equal(await hasLetGo(before, NONE), true);
});

test('a tensor that is left is seen, one that was there before is not held against a job', async () => {
  await loadBackend('wasm');
  const before = holdings(NONE);
  const left = scalar(1);
  assert.equal(await hasLetGo(before, NONE), false);
  assert.equal(await hasLetGo(holdings(NONE), NONE), true);
  left.dispose();
  assert.equal(await hasLetGo(before, NONE), true);
});

test('a timer that is left is seen', async () => {
  const before = holdings(NONE);
  const timer = setInterval(() => undefined, 60_000);
  assert.equal(await hasLetGo(before, NONE), false);
  clearInterval(timer);
  assert.equal(await hasLetGo(before, NONE), true);
});

test('a thread of batches that is left at work is seen, one that waits for the next job is not', async () => {
  const kept = keepThread();
  const before = holdings(kept);
  const connection = kept.connect();
  assert.equal(await hasLetGo(before, kept), false);
  await connection.close();
  assert.equal(await hasLetGo(before, kept), true);
  assert.equal(await hasLetGo(before, NONE), false, 'it is alive');
});

test('a wasm heap that has grown too large is seen: it never shrinks', async () => {
  await loadBackend('wasm');
  const before = holdings(NONE);
  assert.equal(await hasLetGo(before, NONE, 1), false);
});
