import assert from 'node:assert/strict';
import test from 'node:test';
import type { JsonObject } from '../../src/contracts/json.ts';
import { mlp } from '../transfer/trees.ts';
import { codesOf, failureOf, planOf } from './runs.ts';

const NET = { model: { tree: mlp(2, 3, 3, 1) }, preTrainedTree: mlp(2, 3, 3, 1) };
const of = (...modules: number[]) => modules.flatMap((module) => [`module.${module}.bias`, `module.${module}.weight`]);
const carry = (first: JsonObject, second: JsonObject) =>
  planOf({ ...NET, stages: [{ carry_optimizer: 'matching', ...first }, second] }).stages[1]?.optimizerFrom;

void test('a parameter that both stages train goes on, the others start fresh', () => {
  assert.deepEqual(carry({ freeze_modules: ['module.0'] }, { freeze_modules: ['module.4'] }), { carried: of(2), fresh: of(0) });
});

void test('another class carries nothing and says so; another learning rate carries all', () => {
  const plan = planOf({ ...NET, stages: [{ carry_optimizer: 'matching' }, { name: 'second', optimizer: { name: 'SGD' } }] });
  assert.deepEqual(plan.stages[1]?.optimizerFrom?.carried, []);
  assert.match(plan.warnings.join('\n'), /Stage "second" takes over no optimizer state/u);
  assert.deepEqual(carry({}, { optimizer: { config: { lr: 7 } } })?.fresh, []);
});

void test('arguments that change the slots start fresh, group by group', () => {
  assert.deepEqual(carry({}, { optimizer: { config: { amsgrad: true } } })?.carried, []);
  assert.deepEqual(carry({}, { optimizer: { param_groups: [{ params: ['module.2'], amsgrad: true }] } }), {
    carried: of(0, 4),
    fresh: of(2),
  });
  const sgd = (momentum: number) => ({ optimizer: { name: 'SGD', config: { momentum } } });
  assert.deepEqual(carry(sgd(0), sgd(0.9))?.carried, []);
  assert.equal(carry(sgd(0.5), sgd(0.9))?.carried.length, 6);
});

void test('without carry_optimizer a stage says nothing about the one before', () => {
  const [first, second] = planOf({ ...NET, stages: [{}, {}] }).stages;
  assert.deepEqual(
    [first?.carryOptimizer, second?.carryOptimizer, second !== undefined && 'optimizerFrom' in second],
    ['reset', 'reset', false],
  );
});

void test('the last stage has nobody to hand on to, and slots belong to the last weights', () => {
  const error = failureOf({ ...NET, stages: [{ carry_optimizer: 'matching', carry_weights: 'best' }, { carry_optimizer: 'matching' }] });
  assert.deepEqual(codesOf(error), ['STAGE_INVALID', 'STAGE_INVALID']);
  assert.match(error.message, /stages\.0\.carry_optimizer: matching goes with the last weights, but carry_weights is best/u);
  assert.match(error.message, /stages\.1\.carry_optimizer: matching, but no stage follows/u);
});
