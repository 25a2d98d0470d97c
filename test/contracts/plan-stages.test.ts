import assert from 'node:assert/strict';
import test from 'node:test';
import type { Plan, StagePlan } from '../../src/contracts/plan.ts';
import { needsTrainerAfter } from '../../src/contracts/plan-stages.ts';

const stage = {} as StagePlan;
const plan = (baseline: StagePlan | null): Pick<Plan, 'stages' | 'baseline'> => ({ stages: [stage, stage], baseline });

test('a trainer is needed after every stage but the last, and after that for the baseline', () => {
  assert.deepEqual(
    [0, 1].map((index) => needsTrainerAfter(plan(null), index, false)),
    [true, false],
  );
  assert.deepEqual(
    [0, 1, 2].map((index) => needsTrainerAfter(plan(stage), index, false)),
    [true, true, false],
  );
});

test('test rows need a trainer after everything else', () => {
  assert.deepEqual(
    [0, 1, 2].map((index) => needsTrainerAfter(plan(stage), index, true)),
    [true, true, true],
  );
});
