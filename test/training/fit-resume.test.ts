import assert from 'node:assert/strict';
import test from 'node:test';
import type { TrainingState } from '../../src/artifacts/training-state.ts';
import { loadBackend } from '../../src/kernels/backend.ts';
import { BACKENDS } from '../helpers/backends.ts';
import { digestState, lastState, makeHardSetup, record } from './support.ts';

for (const backend of BACKENDS) {
  test(`a stage stopped after any step and resumed ends in the digest of an undisturbed one, on ${backend}`, async () => {
    await loadBackend(backend);
    const setup = makeHardSetup();
    const golden = await record(setup);
    const goldenDigest = digestState(lastState(golden.log));
    const everyStep = await record(setup, { snapshotEveryStep: true });
    assert.equal(digestState(lastState(everyStep.log)), goldenDigest, 'saving changes no bit');
    const states = everyStep.log.snapshots.map(({ state }) => state);
    assert.equal(states.length, 9); // 3 epochs of 3 windows: patience 2 ends it
    assert.equal(lastState(golden.log).counters.stoppedBy, 'early_stopping');
    for (const state of states) {
      const resumed = await record(setup, { resume: copyState(state), snapshotEveryStep: state.counters.step % 2 === 0 });
      if (state.counters.stoppedBy === null)
        assert.equal(digestState(lastState(resumed.log)), goldenDigest, `resumed at step ${state.counters.step}`);
      else assert.deepEqual(resumed.log.snapshots, [], 'a finished stage trains nothing');
      assert.equal(resumed.outcome.kind, 'finished');
    }
  });
}

test('a stage killed inside any step goes on from the snapshot before and ends in the same digest', async () => {
  await loadBackend('wasm');
  const setup = makeHardSetup({ snapshot: { everySeconds: null, everySteps: 2, keep: 2 } });
  const goldenDigest = digestState(lastState((await record(setup)).log));
  for (let killAt = 1; killAt <= 9; killAt += 1) {
    let newest: TrainingState | null = null;
    let boundaries = 0;
    const killed = record(setup, {
      onCommit: ({ state }) => {
        newest = state;
      },
      request: () => {
        boundaries += 1;
        if (boundaries > killAt) throw new Error('killed');
        return 'none';
      },
    });
    await assert.rejects(killed, /killed/u);
    const resumed = await record(setup, { resume: newest });
    assert.equal(digestState(lastState(resumed.log)), goldenDigest, `killed after step ${killAt}`);
  }
});

test('a stage stopped on request saves at the step boundary and resumes exactly', async () => {
  await loadBackend('cpu');
  const setup = makeHardSetup();
  const goldenDigest = digestState(lastState((await record(setup)).log));
  let boundaries = 0;
  const stopped = await record(setup, { request: () => (++boundaries === 5 ? 'stop' : 'none') });
  assert.equal(stopped.outcome.kind, 'saved');
  assert.equal(lastState(stopped.log).counters.step, 4);
  const resumed = await record(setup, { resume: lastState(stopped.log) });
  assert.equal(digestState(lastState(resumed.log)), goldenDigest);
});

test('another seed ends in another digest', async () => {
  await loadBackend('cpu');
  const setup = makeHardSetup();
  const first = digestState(lastState((await record(setup)).log));
  assert.notEqual(digestState(lastState((await record({ ...setup, seed: setup.seed + 1 })).log)), first);
});

/** A snapshot is read from disk in real life: nothing is shared with the run that made it. */
function copyState(state: TrainingState): TrainingState {
  return structuredClone(state);
}
