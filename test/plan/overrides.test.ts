import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { RootstockError } from '../../src/errors.ts';
import { buildPlan } from '../../src/plan/build-plan.ts';
import { codesOf, factsOf, failureOf, planOf, runOf, stageOf, type Variation } from './runs.ts';

void test('ruling Overrides: a stage that sets only lr keeps weight_decay and betas of the base', () => {
  const stage = stageOf({
    optimizer: { name: 'AdamW', config: { lr: 1e-3, weight_decay: 0.1, betas: [0.8, 0.9] } },
    stages: [{ optimizer: { config: { lr: 1e-2 } } }],
  });
  assert.equal(stage.optimizer.name, 'AdamW');
  assert.deepEqual(
    { lr: stage.optimizer.config.lr, weight_decay: stage.optimizer.config.weight_decay, betas: stage.optimizer.config.betas },
    { lr: 1e-2, weight_decay: 0.1, betas: [0.8, 0.9] },
  );
});

void test('ruling Overrides: a stage that sets only a batch size keeps drop_last of the base', () => {
  const { train } = stageOf({
    datamodule: { train: { batch_size: 4, drop_last: false } },
    stages: [{ datamodule: { train: { batch_size: 16 } } }],
  }).datamodule;
  assert.deepEqual(train, { batchSize: 16, dropLast: false, shuffle: true });
});

void test('ruling Overrides: each stage resolves against the base, never against the stage before', () => {
  const { stages } = planOf({
    trainer: { max_epochs: 2 },
    stages: [
      { trainer: { max_epochs: 7, gradient_clip_val: 1 }, optimizer: { name: 'SGD', config: { lr: 1 } } },
      { trainer: { min_epochs: 1 } },
    ],
  });
  assert.equal(stages[1]?.trainer.maxEpochs, 2);
  assert.equal(stages[1]?.trainer.gradientClipVal, null);
  assert.deepEqual([stages[1]?.optimizer.name, stages[1]?.optimizer.config.lr], ['Adam', 1e-4]);
});

void test('ruling Overrides: arrays replace', () => {
  const stage = stageOf({
    optimizer: { name: 'Adam', config: { betas: [0.5, 0.6] } },
    stages: [{ optimizer: { config: { betas: [0.7, 0.8] } } }],
  });
  assert.deepEqual(stage.optimizer.config.betas, [0.7, 0.8]);
});

void test('ruling Overrides: null clears an optional value, an absent key inherits', () => {
  const trainer = { gradient_clip_val: 0.5, limit_train_batches: 3 };
  const { stages } = planOf({
    trainer,
    scheduler: { name: 'CosineAnnealingLR', config: { T_max: 'num_steps' } },
    stages: [{ trainer: { gradient_clip_val: null, limit_train_batches: null }, scheduler: null }, {}],
  });
  assert.deepEqual([stages[0]?.trainer.gradientClipVal, stages[0]?.trainer.limitTrainBatches, stages[0]?.scheduler], [null, null, null]);
  assert.deepEqual([stages[1]?.trainer.gradientClipVal, stages[1]?.trainer.limitTrainBatches], [0.5, 3]);
  assert.equal(stages[1]?.scheduler?.name, 'CosineAnnealingLR');
});

void test('ruling Overrides: a changed name restarts config from the new class’s defaults and lists what was dropped', () => {
  const stage = stageOf({
    optimizer: { name: 'AdamW', config: { lr: 1e-3, weight_decay: 0.1, betas: [0.8, 0.9] } },
    stages: [{ optimizer: { name: 'SGD', config: { lr: 0.5 } } }],
  });
  assert.deepEqual(stage.optimizer, {
    name: 'SGD',
    config: { lr: 0.5, momentum: 0, dampening: 0, weight_decay: 0, nesterov: false, maximize: false },
  });
  // lr is not dropped: the stage wrote it again. weight_decay is, although SGD has one too.
  assert.deepEqual(stage.dropped, ['optimizer.config.betas', 'optimizer.config.weight_decay']);
  assert.equal(stage.origins['optimizer.config.momentum'], 'default');
  assert.deepEqual(stageOf({ stages: [{ optimizer: { name: 'SGD' } }] }).dropped, []);
});

void test('ruling Overrides: a changed scheduler keeps interval and frequency of the base', () => {
  const stage = stageOf({
    scheduler: { name: 'StepLR', config: { step_size: 3, gamma: 0.5 }, interval: 'epoch', frequency: 2 },
    stages: [{ scheduler: { name: 'CosineAnnealingLR', config: { T_max: 9 } } }],
  });
  assert.deepEqual(stage.scheduler, { name: 'CosineAnnealingLR', config: { T_max: 9, eta_min: 0 }, interval: 'epoch', frequency: 2 });
  assert.deepEqual(stage.dropped, ['scheduler.config.gamma', 'scheduler.config.step_size']);
});

void test('ruling Overrides: the same name in another spelling is no change', () => {
  const stage = stageOf({ optimizer: { name: 'adamw', config: { weight_decay: 0.3 } }, stages: [{ optimizer: { name: 'ADAMW' } }] });
  assert.equal(stage.optimizer.config.weight_decay, 0.3);
  assert.deepEqual(stage.dropped, []);
});

void test('ruling Overrides: the resolved section is validated again as a whole, and the error names the stage', () => {
  const error = failureOf({
    optimizer: { name: 'SGD', config: { lr: 0.1, momentum: 0.9, nesterov: true } },
    stages: [{}, { name: 'warm', optimizer: { config: { momentum: 0 } } }],
  });
  assert.equal(error.code, 'STAGE_INVALID');
  assert.match(error.message, /model\.config\.transfer_learning\.stages\.1\.optimizer\.config\.nesterov: .*stage "warm"/);
});

void test('ruling Overrides: an invalid base is reported once, at the base, whatever the number of stages that inherit it', () => {
  const error = failureOf({ trainer: { max_epochs: -1 }, stages: [{}, {}, { trainer: { max_epochs: 2 } }] });
  assert.equal(error.code, 'CONFIG_INVALID');
  assert.deepEqual(codesOf(error), ['CONFIG_INVALID']);
  assert.match(error.message, /model\.config\.trainer\.max_epochs/);
});

void test('ruling Overrides: the plan shows where each value came from', () => {
  const { origins } = stageOf({
    trainer: { max_epochs: 3, callbacks: { EarlyStopping: { monitor: 'val_loss', patience: 1 } } },
    optimizer: { config: { weight_decay: 0.1 } },
    stages: [{ trainer: { min_epochs: 2, callbacks: { EarlyStopping: { patience: 5 } } } }],
  });
  const expected = {
    'trainer.max_epochs': 'base',
    'trainer.min_epochs': 'stage',
    'trainer.log_every_n_steps': 'default',
    'trainer.callbacks.EarlyStopping.monitor': 'base',
    'trainer.callbacks.EarlyStopping.patience': 'stage',
    'trainer.snapshot.every_seconds': 'default',
    'datamodule.train.batch_size': 'default',
    'optimizer.name': 'model',
    'optimizer.config.lr': 'model',
    'optimizer.config.weight_decay': 'base',
    'optimizer.config.eps': 'default',
    scheduler: 'model',
    carry_weights: 'default',
  };
  for (const [key, origin] of Object.entries(expected)) assert.equal(origins[key], origin, key);
});

void test('ruling Overrides: callbacks merge by class; a list replaces them; null switches off', () => {
  const trainer = { callbacks: [{ name: 'EarlyStopping', config: { monitor: 'val/mae', patience: 9 } }] };
  const early = (callbacks: Variation['trainer']) => stageOf({ trainer, stages: [{ trainer: callbacks ?? {} }] }).trainer.earlyStopping;
  assert.deepEqual([early({})?.monitor, early({})?.patience], ['val/mae', 9]);
  const merged = early({ callbacks: { EarlyStopping: { patience: 2 } } });
  assert.deepEqual([merged?.monitor, merged?.patience], ['val/mae', 2]);
  const single = early({ callbacks: { name: 'EarlyStopping', config: { mode: 'max' } } });
  assert.deepEqual([single?.patience, single?.mode], [9, 'max']);
  assert.equal(early({ callbacks: [{ EarlyStopping: { monitor: 'val/rmse' } }] })?.patience, 3);
  assert.equal(early({ callbacks: { EarlyStopping: null } }), null);
  assert.equal(early({ callbacks: null }), null);
  assert.equal(early({ callbacks: [] }), null);
  assert.equal(early({ callbacks: { name: 'ModelCheckpoint', config: { monitor: 'val/mae' } } }), null);
  assert.equal(early({ callbacks: { ModelCheckpoint: { monitor: 'val/mae' } } })?.patience, 9);
});

void test('peer: model_overrides shows the overridden values inside the stage only', () => {
  const overrides = {
    trainer: { max_epochs: 42 },
    datamodule: { train: { batch_size: 42 } },
    optimizer: { name: 'AdamW', config: { lr: 42 } },
    scheduler: { config: { T_max: 10 } },
  };
  const { stages } = planOf({ stages: [overrides, {}] });
  const [inside, outside] = stages;
  assert.deepEqual([inside?.trainer.maxEpochs, inside?.datamodule.train.batchSize], [42, 42]);
  assert.deepEqual([inside?.optimizer.name, inside?.optimizer.config.lr], ['AdamW', 42]);
  assert.deepEqual([inside?.scheduler?.name, inside?.scheduler?.config.T_max], ['CosineAnnealingLR', 10]);
  assert.deepEqual([outside?.trainer.maxEpochs, outside?.datamodule.train.batchSize, outside?.scheduler], [1, 1, null]);
  assert.deepEqual([outside?.optimizer.name, outside?.optimizer.config.lr], ['Adam', 1e-4]);
});

void test('peer: a misspelt key of a stage is refused', () => {
  assert.throws(() => runOf({ stages: [{ trainer: { accele: 'cpu' } }] }), { code: 'CONFIG_INVALID', message: /accele/ });
});

void test('peer: torch.compile on is refused by name, off trains', () => {
  assert.throws(() => runOf({ config: { compile: true } }), { code: 'NOT_AVAILABLE', message: /compile/ });
  assert.deepEqual(stageOf({ config: { compile: false } }), stageOf({}));
});

void test('arguments that only steer how torch computes leave no trace in the plan', () => {
  const with_ = stageOf({ optimizer: { name: 'Adam', config: { foreach: false, capturable: false } } });
  assert.deepEqual(with_.optimizer, stageOf({ optimizer: { name: 'Adam' } }).optimizer);
});

const sections = fc.record(
  {
    trainer: fc.record(
      {
        max_epochs: fc.integer({ min: 1, max: 5 }),
        gradient_clip_val: fc.option(fc.constantFrom(0.5, 1)),
        accumulate_grad_batches: fc.integer({ min: 1, max: 3 }),
      },
      { requiredKeys: [] },
    ),
    datamodule: fc.record(
      { train: fc.record({ batch_size: fc.integer({ min: 1, max: 9 }), drop_last: fc.boolean() }, { requiredKeys: [] }) },
      { requiredKeys: [] },
    ),
    optimizer: fc.record(
      {
        name: fc.constantFrom('Adam', 'AdamW'),
        config: fc.record({ lr: fc.constantFrom(0.1, 0.2), weight_decay: fc.constantFrom(0.3, 0.4) }, { requiredKeys: [] }),
      },
      { requiredKeys: [] },
    ),
    scheduler: fc.constantFrom(
      null,
      { name: 'CosineAnnealingLR', config: { T_max: 'num_steps' } },
      { name: 'StepLR', config: { step_size: 2 } },
    ),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Variation & Record<string, never>>;

/** Freezes a value through and through, so that writing to it throws. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}

void test('property: the base is never mutated, and a stage resolves alike whatever stages stand around it', () => {
  fc.assert(
    fc.property(sections, fc.array(sections, { minLength: 1, maxLength: 4 }), (base, stages) => {
      const run = deepFreeze(runOf({ ...base, stages: stages.map((stage) => ({ ...stage })) }));
      const plan = buildPlan({ run, outputPath: '/out', facts: deepFreeze({ ...factsOf() }) });
      plan.stages.forEach((stage, index) => {
        const alone = stageOf({ ...base, stages: [{ ...stages[index] }] });
        assert.deepEqual({ ...stage, index: 0, name: 'stage-1' }, alone);
      });
    }),
    { seed: 1, numRuns: 60 },
  );
});

void test('property: an override of one key changes that value and its origin, and nothing else', () => {
  fc.assert(
    fc.property(sections, (base) => {
      const [plain, changed] = [stageOf({ ...base }), stageOf({ ...base, stages: [{ trainer: { log_every_n_steps: 7 } }] })];
      assert.equal(changed.trainer.logEveryNSteps, 7);
      assert.deepEqual(
        {
          ...changed,
          trainer: { ...changed.trainer, logEveryNSteps: 50 },
          origins: { ...changed.origins, 'trainer.log_every_n_steps': 'default' },
        },
        plain,
      );
    }),
    { seed: 2, numRuns: 60 },
  );
});

void test('property: writing the base into every stage gives the same values as inheriting it', () => {
  fc.assert(
    fc.property(sections, (base) => {
      const values = (variation: Variation) => {
        const { origins: _origins, dropped: _dropped, ...rest } = stageOf(variation);
        return rest;
      };
      try {
        assert.deepEqual(values({ stages: [{ ...base }] }), values({ ...base }));
      } catch (error) {
        assert.ok(!(error instanceof RootstockError), String(error));
        throw error;
      }
    }),
    { seed: 3, numRuns: 60 },
  );
});
