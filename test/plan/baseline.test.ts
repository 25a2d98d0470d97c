import assert from 'node:assert/strict';
import test from 'node:test';
import { failureOf, planOf } from './runs.ts';

const evaluation = { baseline: 'from_scratch' };

void test('ruling Baseline: one more stage after the last, the base configuration, nothing frozen, max_epochs the sum over stages', () => {
  const { baseline } = planOf({
    evaluation,
    trainer: { max_epochs: 2, gradient_clip_val: 1 },
    optimizer: { name: 'SGD', config: { lr: 0.1 } },
    stages: [{ freeze_modules: ['module.0'], trainer: { max_epochs: 5, gradient_clip_val: 9 }, optimizer: { config: { lr: 9 } } }, {}],
  });
  assert.deepEqual(
    [baseline?.index, baseline?.name, baseline?.kind, baseline?.trainer.maxEpochs, baseline?.trainer.gradientClipVal],
    [2, 'from-scratch', 'baseline', 7, 1],
  );
  assert.deepEqual([baseline?.optimizer.config.lr, baseline?.mask.frozen, baseline?.carryWeights], [0.1, [], 'last']);
  assert.equal(baseline?.totalSteps, 700);
  assert.equal(baseline?.origins['trainer.max_epochs'], 'stage');
});

void test('ruling Baseline: T_max num_steps is that of the baseline', () => {
  const { stages, baseline } = planOf({
    evaluation,
    scheduler: { config: { T_max: 'num_steps' } },
    trainer: { max_epochs: 2 },
    stages: [{}, {}],
  });
  assert.deepEqual(
    [...stages, baseline].map((stage) => stage?.scheduler?.config.T_max),
    [200, 200, 400],
  );
});

void test('ruling Baseline: stages limited by steps give a baseline limited by their sum', () => {
  const { baseline } = planOf({
    evaluation,
    stages: [{ trainer: { max_epochs: -1, max_steps: 30 } }, { trainer: { max_epochs: 2 } }],
  });
  assert.deepEqual([baseline?.trainer.maxEpochs, baseline?.trainer.maxSteps, baseline?.totalSteps], [-1, 230, 230]);
  const { baseline: short } = planOf({ evaluation, trainer: { max_steps: 3 }, stages: [{}, {}] });
  assert.deepEqual([short?.trainer.maxEpochs, short?.trainer.maxSteps], [2, 6]);
});

void test('there is no baseline unless it is asked for', () => {
  assert.equal(planOf({}).baseline, null);
  assert.equal(planOf({ evaluation: { baseline: null } }).baseline, null);
});

void test('a baseline that cannot be is found before stage 1', () => {
  // Each stage repairs the base, the baseline has nobody to do so.
  const error = failureOf({
    evaluation,
    datamodule: { train: { batch_size: 500 } },
    stages: [{ datamodule: { train: { batch_size: 10 } } }],
  });
  assert.equal(error.code, 'NO_BATCHES');
  assert.match(error.message, /evaluation\.baseline\.datamodule\.train/);
});
