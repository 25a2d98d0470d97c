import assert from 'node:assert/strict';
import test from 'node:test';
import { loadBackend } from '../../src/kernels/backend.ts';
import { makeSetup, record } from './support.ts';

test('every_steps takes a snapshot after that many steps, save requests one at once, the end always one', async () => {
  await loadBackend('cpu');
  let boundary = 0;
  const { log } = await record(makeSetup({ trainer: { snapshot: { everySeconds: null, everySteps: 4, keep: 2 } } }), {
    request: () => (++boundary === 7 ? 'save' : 'none'),
  });
  assert.deepEqual(
    log.snapshots.map(({ state }) => state.counters.step),
    [4, 6, 10],
  );
});

test('every_seconds follows the injected clock', async () => {
  await loadBackend('cpu');
  let time = 0;
  const { log } = await record(makeSetup({ trainer: { snapshot: { everySeconds: 2, everySteps: null, keep: 2 } } }), {
    now: () => time,
    request: () => {
      time += 500;
      return 'none';
    },
  });
  assert.deepEqual(
    log.snapshots.map(({ state }) => state.counters.step),
    [3, 7, 10],
  );
});

test('a snapshot records how many lines of the raw sample log led to it', async () => {
  await loadBackend('cpu');
  const { log } = await record(makeSetup({ trainer: { snapshot: { everySeconds: null, everySteps: 4, keep: 2 } } }));
  assert.deepEqual(
    log.snapshots.map(({ sampleLines }) => sampleLines),
    [4, 9, 12], // steps, and a line for each snapshot before
  );
});
