import assert from 'node:assert/strict';
import test from 'node:test';
import { formatLearning } from '../../src/reports/learning-report.ts';
import { formatPlan } from '../../src/reports/plan-report.ts';
import { planOf, type Variation } from '../plan/runs.ts';

const report = (variation: Variation, index = 0): readonly string[] => {
  const stage = planOf(variation).stages[index];
  return stage === undefined ? [] : formatLearning(stage).split('\n');
};

void test('warm-up, lists of schedulers and their turns are shown with every argument', () => {
  const config = { schedulers: [{ name: 'LinearLR' }, { name: 'CosineAnnealingLR', config: { T_max: 'num_steps' } }], milestones: [40] };
  const lines = report({
    trainer: { max_epochs: 2 },
    scheduler: { name: 'SequentialLR', config, warmup: { steps: 12, start_factor: 0.1 } },
  });
  assert.deepEqual(lines, [
    'stage-1 learns',
    '  warm-up: 12 steps from 0.1 of the first rate',
    '  SequentialLR by steps',
    '    from 0: LinearLR start_factor 0.333333, end_factor 1, total_iters 5',
    '    from 40: CosineAnnealingLR T_max 188, eta_min 0',
  ]);
});

void test('what a plateau watches is shown', () => {
  const lines = report({ scheduler: { name: 'ReduceLROnPlateau', frequency: 2, strict: false } });
  assert.deepEqual(lines, ['stage-1 learns', '  ReduceLROnPlateau watches val/total/loss after every 2 epochs, where it was logged']);
});

void test('parameter groups are shown with what differs', () => {
  const lines = report({
    optimizer: { name: 'AdamW', config: { lr: 0.1 }, param_groups: [{ params: ['module.2'], lr: 0.02 }], no_weight_decay: true },
  });
  assert.deepEqual(lines, [
    'stage-1 learns',
    '  tensors  parameter group  arguments',
    '  ───────  ───────────────  ───────────────────────',
    '        1  all others       lr 0.1',
    '        1  module.0.bias    weight_decay 0',
    '        1  module.2.bias    lr 0.02, weight_decay 0',
    '        1  module.2.weight  lr 0.02',
  ]);
});

void test('what goes on from the optimizer of the stage before is counted', () => {
  const stages = [{ freeze_modules: ['module.0'], carry_optimizer: 'matching' }, {}];
  assert.deepEqual(report({ stages }, 1), [
    'stage-2 learns',
    '  optimizer state of the stage before: 2 of 4 tensors go on with it; fresh: module.0.bias, module.0.weight',
  ]);
});

void test('a plan with nothing of it says nothing of it, and one with it shows it', () => {
  assert.doesNotMatch(formatPlan(planOf()), /learns/u);
  assert.match(formatPlan(planOf({ optimizer: { layer_decay: 0.5 } })), /stage-1 learns\n {2}tensors/u);
});
