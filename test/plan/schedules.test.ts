import assert from 'node:assert/strict';
import test from 'node:test';
import type { JsonObject } from '../../src/contracts/json.ts';
import { codesOf, failureOf, planOf, stageOf } from './runs.ts';

/** 100 rows in batches of 10: ten steps per epoch. */
const base = { datamodule: { train: { batch_size: 10 } } };
const cosine = { name: 'CosineAnnealingLR', config: { T_max: 'num_steps' } };
const cycle: JsonObject = { name: 'OneCycleLR', config: { max_lr: 0.1, total_steps: 'num_steps' } };

void test('num_steps and num_epochs are those of each stage less its warm-up, and never leak into the next', () => {
  const { stages } = planOf({
    ...base,
    scheduler: cosine,
    stages: [
      { trainer: { max_epochs: 3 }, scheduler: { warmup: { steps: 12 } } },
      { trainer: { max_epochs: 2 }, scheduler: { config: { T_max: 'num_epochs' }, interval: 'epoch', warmup: { fraction: 0.55 } } },
      {},
    ],
  });
  assert.deepEqual(
    stages.map(({ scheduler }) => [scheduler?.config['T_max'], scheduler?.warmup]),
    [
      [18, { steps: 12, startFactor: 1 / 3, epochs: 1 }],
      [1, { steps: 11, startFactor: 1 / 3, epochs: 1 }],
      [10, undefined],
    ],
  );
});

void test('a warm-up that fills its stage is an error of the plan', () => {
  for (const steps of [10, 11]) {
    const error = failureOf({ ...base, scheduler: { ...cosine, warmup: { steps } } });
    assert.equal(error.code, 'STAGE_INVALID');
    assert.match(error.message, new RegExp(`scheduler\\.warmup: expected fewer steps than the 10 of this stage, received ${steps}`, 'u'));
  }
  assert.equal(
    stageOf({ ...base, scheduler: { ...cosine, warmup: { steps: 9, start_factor: 0.01 } } }).scheduler?.warmup?.startFactor,
    0.01,
  );
});

void test('a warm-up has either steps or a fraction', () => {
  for (const warmup of [{}, { steps: 2, fraction: 0.1 }]) {
    assert.match(
      failureOf({ ...base, scheduler: { ...cosine, warmup } }).message,
      /scheduler\.warmup: expected (steps or|either steps or) fraction/u,
    );
  }
  // A stage that overrides the one has to clear the other.
  const scheduler = { ...cosine, warmup: { steps: 2 } };
  const stage = stageOf({ ...base, scheduler, stages: [{ scheduler: { warmup: { steps: null, fraction: 0.5 } } }] });
  assert.equal(stage.scheduler?.warmup?.steps, 5);
  assert.equal(stageOf({ ...base, scheduler, stages: [{ scheduler: { warmup: null } }] }).scheduler?.warmup, undefined);
});

void test('ReduceLROnPlateau goes by epochs and watches val_loss by default, under its logged name', () => {
  const plan = stageOf({ ...base, scheduler: { name: 'ReduceLROnPlateau', monitor: 'val_loss' } }).scheduler;
  assert.deepEqual([plan?.interval, plan?.monitor], ['epoch', { name: 'val/total/loss', strict: true }]);
  assert.deepEqual(stageOf({ ...base, scheduler: { name: 'ReduceLROnPlateau' } }).scheduler, plan);
  const error = failureOf({ ...base, scheduler: { name: 'ReduceLROnPlateau', interval: 'step' } });
  assert.match(error.message, /scheduler\.interval: ReduceLROnPlateau is stepped after each epoch/u);
  // The default does not stick to the next class.
  assert.equal(stageOf({ ...base, scheduler: { name: 'ReduceLROnPlateau' }, stages: [{ scheduler: cosine }] }).scheduler?.interval, 'step');
});

void test('a plateau whose monitor is never logged, or too late, is MONITOR_NOT_FOUND', () => {
  const plateau = (more: JsonObject) => ({ ...base, scheduler: { name: 'ReduceLROnPlateau', ...more } });
  const unknown = failureOf(plateau({ monitor: 'val/mea' }));
  assert.equal(unknown.code, 'MONITOR_NOT_FOUND');
  assert.match(
    unknown.message,
    /scheduler\.monitor: ReduceLROnPlateau watches "val\/mea", which is never logged \(did you mean "val\/mae"/u,
  );
  assert.equal(failureOf({ ...plateau({}), rows: { train: 100 } }).code, 'MONITOR_NOT_FOUND');
  assert.equal(stageOf({ ...plateau({ monitor: 'train/total/loss' }), rows: { train: 100 } }).scheduler?.monitor?.name, 'train/total/loss');
  const late = { trainer: { max_epochs: 4, check_val_every_n_epoch: 2 } };
  assert.match(
    failureOf({ ...plateau({}), ...late }).message,
    /needs "val\/total\/loss" after epoch 1, but the first validation is after epoch 2/u,
  );
  for (const fine of [{ frequency: 2 }, { strict: false }]) assert.doesNotThrow(() => stageOf({ ...plateau(fine), ...late }));
});

void test('a schedule that cycles the momentum replaces the optimizer’s, and needs one', () => {
  const optimizer = { name: 'SGD', config: { lr: 0.1 }, param_groups: [{ params: ['module.0'], momentum: 0.3, weight_decay: 1 }] };
  const plan = stageOf({ ...base, optimizer, scheduler: cycle }).optimizer;
  assert.deepEqual([plan.config['momentum'], plan.groups?.[0]?.config['momentum']], [0.95, 0.95]);
  assert.deepEqual(stageOf({ ...base, optimizer: { name: 'Adam' }, scheduler: cycle }).optimizer.config['betas'], [0.95, 0.999]);
  const error = failureOf({ ...base, optimizer: { name: 'Adagrad' }, scheduler: cycle });
  assert.match(error.message, /cycle_momentum: optimizer must support momentum or beta1 .* Adagrad has neither/u);
  assert.equal(failureOf({ ...base, optimizer: { name: 'NAdam' }, scheduler: cycle }).code, 'NOT_AVAILABLE');
  const still = { name: 'OneCycleLR', config: { max_lr: 0.1, total_steps: 'num_steps', cycle_momentum: false } };
  for (const name of ['Adagrad', 'NAdam']) assert.doesNotThrow(() => stageOf({ ...base, optimizer: { name }, scheduler: still }));
});

void test('OneCycleLR takes total_steps or epochs times steps_per_epoch, and has to last as long as it is in use', () => {
  const oneCycle = (config: JsonObject) => ({ ...base, scheduler: { name: 'OneCycleLR', config: { max_lr: 0.1, ...config } } });
  const plan = stageOf(oneCycle({ epochs: 2, steps_per_epoch: 10 })).scheduler;
  assert.deepEqual([plan?.config['total_steps'], plan?.config['epochs']], [20, undefined]);
  assert.match(failureOf(oneCycle({})).message, /config\.total_steps: missing; OneCycleLR needs it/u);
  assert.match(failureOf(oneCycle({ total_steps: 9 })).message, /total_steps: expected at least the 10 scheduler steps .*, received 9/u);
  assert.match(failureOf(oneCycle({ total_steps: 10, pct_start: 0.1 })).message, /pct_start: .* a phase of the cycle has no length/u);
  // In a list it is in use from its milestone on.
  const list = (total: number) => ({
    ...base,
    scheduler: {
      name: 'SequentialLR',
      config: {
        schedulers: [{ name: 'LinearLR' }, { name: 'OneCycleLR', config: { max_lr: 1, total_steps: total, cycle_momentum: false } }],
        milestones: [4],
      },
    },
  });
  assert.doesNotThrow(() => stageOf(list(6)));
  assert.match(failureOf(list(5)).message, /config\.schedulers\.1\.config\.total_steps: expected at least the 6/u);
});

void test('every problem of a schedule is reported at its place in the stage that wrote it', () => {
  const error = failureOf({
    ...base,
    stages: [
      {},
      {
        name: 'b',
        scheduler: {
          name: 'SequentialLR',
          config: { schedulers: [{ name: 'StepLR' }, { name: 'CyclicLR', config: { base_lr: 0.1 } }], milestones: [3, 2] },
        },
      },
    ],
  });
  assert.deepEqual(new Set(codesOf(error)), new Set(['STAGE_INVALID']));
  const place = 'model\\.config\\.transfer_learning\\.stages\\.1\\.scheduler\\.config';
  for (const text of [
    'schedulers\\.0\\.config\\.step_size: missing',
    'schedulers\\.1\\.config\\.max_lr: missing',
    'schedulers\\.1\\.config\\.cycle_momentum: .*not available',
    'milestones: expected 1 \\(one fewer than schedulers\\), received 2',
  ]) {
    assert.match(error.message, new RegExp(`${place}\\.${text}`, 'u'));
  }
});
