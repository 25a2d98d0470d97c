import assert from 'node:assert/strict';
import test from 'node:test';
import { turnWhenDue } from '../../src/trainer-process/job-context.ts';

test('the event loop turns while a job does nothing but ask for turns, and not at every one', async () => {
  let turns = 0;
  const count = () => {
    turns += 1;
    timer = setImmediate(count);
  };
  let timer = setImmediate(count);
  const started = performance.now();
  let asked = 0;
  // Long enough for several turns; a loop that never let one through would see none.
  while (performance.now() - started < 200) {
    await turnWhenDue();
    asked += 1;
  }
  clearImmediate(timer);
  assert.ok(turns >= 3, `${turns} turns in 200 ms`);
  assert.ok(turns < asked / 10, `${turns} turns for ${asked} calls`);
});
