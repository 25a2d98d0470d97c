import assert from 'node:assert/strict';
import test from 'node:test';
import type { FromTrainer, TrainerPhase } from '../../src/contracts/trainer-protocol.ts';
import { endsSoon } from '../../src/trainer-client/ends-soon.ts';

const phase = (name: TrainerPhase): FromTrainer => ({ type: 'phase', phase: name, budgetMs: 1_000 });
const progress = (step: number, stepsPerSecond: number): FromTrainer => ({
  type: 'progress',
  epoch: 0,
  step,
  totalSteps: 1_000,
  maxEpochs: 10,
  lr: 0.1,
  metrics: {},
  stepsPerSecond,
});

test('a stage of a few steps ends soon from its start on, a longer one does not', () => {
  assert.equal(endsSoon(phase('restore'), 200), true);
  assert.equal(endsSoon(phase('restore'), 201), false);
});

test('other phases say nothing of the end', () => {
  for (const name of ['decode', 'step', 'validate', 'commit'] as const) assert.equal(endsSoon(phase(name), 1), false, name);
});

test('a stage ends soon when its speed takes it to its last step in five seconds', () => {
  assert.equal(endsSoon(progress(1, 199), 1_000), false);
  assert.equal(endsSoon(progress(1, 200), 1_000), true);
  assert.equal(endsSoon(progress(949, 10), 1_000), false);
  assert.equal(endsSoon(progress(950, 10), 1_000), true);
});

test('a stage without a speed ends soon at its last step only', () => {
  assert.equal(endsSoon(progress(999, 0), 1_000), false);
  assert.equal(endsSoon(progress(1_000, 0), 1_000), true);
});

test('a snapshot or a result says nothing of the end', () => {
  assert.equal(endsSoon({ type: 'ready' }, 1), false);
  assert.equal(endsSoon({ type: 'snapshot', snapshot: 1, step: 1_000, stateDigest: '' }, 1), false);
});
