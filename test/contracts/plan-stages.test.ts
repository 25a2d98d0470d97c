import assert from 'node:assert/strict';
import test from 'node:test';
import type { BackendName, Plan, StagePlan } from '../../src/contracts/plan.ts';
import { backendAfter } from '../../src/contracts/plan-stages.ts';

const stage = (backend: BackendName) => ({ trainer: { backend } }) as StagePlan;
const plan = (baseline: StagePlan | null): Pick<Plan, 'stages' | 'baseline'> => {
  return { stages: [stage('wasm'), stage('cpu')], baseline };
};

test('a trainer is needed after every stage but the last, and after that for the baseline', () => {
  assert.deepEqual(
    [0, 1].map((index) => backendAfter(plan(null), index, false)),
    ['cpu', null],
  );
  assert.deepEqual(
    [0, 1, 2].map((index) => backendAfter(plan(stage('wasm')), index, false)),
    ['cpu', 'wasm', null],
  );
});

test("test rows need a trainer of the last stage's backend after everything else", () => {
  assert.deepEqual(
    [0, 1].map((index) => backendAfter(plan(null), index, true)),
    ['cpu', 'cpu'],
  );
  assert.deepEqual(
    [0, 1, 2].map((index) => backendAfter(plan(stage('wasm')), index, true)),
    ['cpu', 'wasm', 'cpu'],
  );
});
