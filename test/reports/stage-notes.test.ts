import assert from 'node:assert/strict';
import test from 'node:test';
import { formatPlan } from '../../src/reports/plan-report.ts';
import { formatStageNotes } from '../../src/reports/stage-notes.ts';
import { planOf } from '../plan/runs.ts';

const datamodule = { train: { batch_size: 10 }, validation: { batch_size: 10 } };

void test('a plain stage has no notes', () => {
  assert.equal(formatStageNotes(planOf({ datamodule })), '');
});

void test('a stage’s notes say when it validates, what may end it and which weights it hands on', () => {
  const first = {
    name: 'head',
    trainer: {
      val_check_interval: 4,
      max_time: '00:01:30:00',
      detect_anomaly: true,
      callbacks: { EarlyStopping: { monitor: 'val_loss', patience: 5 }, EMAWeightAveraging: { decay: 0.99, update_every_n_steps: 3 } },
    },
  };
  const second = { name: 'all', trainer: { check_val_every_n_epoch: 2, max_epochs: 4 }, carry_weights: 'best' };
  const plan = planOf({ datamodule, stages: [first, second] });
  const notes =
    'head validates every 4 batches; stops early on val/total/loss (min, patience 5); trains for 5,400 s at most; averages weights with decay 0.99 after every 3rd step from 0 on; hands on its averaged weights; checks loss and gradients in every step\n' +
    'all validates after every 2nd epoch; hands on its best weights by val/total/loss (min)';
  assert.equal(formatStageNotes(plan), notes);
  assert.ok(formatPlan(plan).includes(notes));
});

void test('an interval across epochs is told from one within them', () => {
  const across = planOf({ datamodule, trainer: { val_check_interval: 21, check_val_every_n_epoch: null } });
  assert.equal(formatStageNotes(across), 'stage-1 validates every 21 batches across epochs');
});
