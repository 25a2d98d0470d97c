import assert from 'node:assert/strict';
import test from 'node:test';
import { createWatchdog } from '../../src/trainer-client/watchdog.ts';

test('a phase over its budget is bitten, once', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let bites = 0;
  const watchdog = createWatchdog(() => {
    bites += 1;
  });
  watchdog.begin(100);
  context.mock.timers.tick(99);
  assert.deepEqual([watchdog.isContent(), bites], [true, 0]);
  context.mock.timers.tick(1);
  assert.deepEqual([watchdog.isContent(), watchdog.expired(), bites], [false, true, 1]);
  watchdog.begin(100);
  context.mock.timers.tick(1_000);
  assert.equal(bites, 1);
});

test('a new phase starts the clock again', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const watchdog = createWatchdog(() => undefined);
  watchdog.begin(100);
  context.mock.timers.tick(90);
  watchdog.begin(100);
  context.mock.timers.tick(90);
  assert.equal(watchdog.isContent(), true);
});

test('a trainer that never says anything is bitten too', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const watchdog = createWatchdog(() => undefined);
  context.mock.timers.tick(120_000);
  assert.equal(watchdog.expired(), true);
});
