import assert from 'node:assert/strict';
import test from 'node:test';
import { scalar } from '@tensorflow/tfjs-core';
import { startThread } from '../../src/data/graphs/builder-thread/start-thread.ts';
import { loadBackend } from '../../src/kernels/backend.ts';
import { hasLetGo, holdings } from '../../src/trainer-process/holdings.ts';

test('a job that leaves nothing has let go', async () => {
  await loadBackend('wasm');
  const before = holdings();
  scalar(1).dispose();
  clearTimeout(setTimeout(() => undefined, 60_000));
  assert.equal(await hasLetGo(before), true);
});

test('a tensor that is left is seen, one that was there before is not held against a job', async () => {
  await loadBackend('wasm');
  const before = holdings();
  const left = scalar(1);
  assert.equal(await hasLetGo(before), false);
  assert.equal(await hasLetGo(holdings()), true);
  left.dispose();
  assert.equal(await hasLetGo(before), true);
});

test('a timer that is left is seen', async () => {
  const before = holdings();
  const timer = setInterval(() => undefined, 60_000);
  assert.equal(await hasLetGo(before), false);
  clearInterval(timer);
  assert.equal(await hasLetGo(before), true);
});

test('a thread of batches that is left is seen', async (t) => {
  const before = holdings();
  const thread = startThread();
  t.after(() => thread.terminate());
  assert.equal(await hasLetGo(before), false);
  await thread.terminate();
  assert.equal(await hasLetGo(before), true);
});

test('a wasm heap that has grown too large is seen: it never shrinks', async () => {
  await loadBackend('wasm');
  const before = holdings();
  assert.equal(await hasLetGo(before, 1), false);
});
