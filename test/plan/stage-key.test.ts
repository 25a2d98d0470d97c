import assert from 'node:assert/strict';
import test from 'node:test';
import type { JsonObject } from '../../src/contracts/json.ts';
import { sha256 } from '../../src/plan/digests.ts';
import { explainMiss } from '../../src/plan/explain-miss.ts';
import { type StageKeyInput, stageKey, stageKeyDocument } from '../../src/plan/stage-key.ts';
import { planOf, type Variation } from './runs.ts';

const data = { train: '1'.repeat(64), validation: '2'.repeat(64), test: '3'.repeat(64) };
const document = (variation: Variation = {}, change: Partial<StageKeyInput> = {}): JsonObject => {
  const plan = planOf(variation);
  const stage = change.stage ?? 0;
  const mask = plan.stages[stage]?.mask ?? plan.baseline?.mask ?? null;
  return stageKeyDocument({
    plan,
    stage,
    inputWeightsSha256: 'a'.repeat(64),
    maskDigest: sha256(mask as unknown as JsonObject),
    dataDigests: data,
    ...change,
  });
};
const key = (variation: Variation = {}, change: Partial<StageKeyInput> = {}): string => stageKey(document(variation, change));
const reference = key();

void test('equal stages have equal keys, whatever they are called and however they are watched', () => {
  const same: [string, Variation][] = [
    ['stage name', { stages: [{ name: 'other' }] }],
    ['logger', { trainer: { logger: false } }],
    ['log interval', { trainer: { log_every_n_steps: 1 } }],
    ['snapshot interval', { trainer: { snapshot: { every_steps: 3, keep: 9 } } }],
    ['progress bar', { trainer: { enable_progress_bar: false } }],
    ['sanity validation', { trainer: { num_sanity_val_steps: 0 } }],
    ['workers', { datamodule: { num_workers: 4 } }],
    ['test and predict batches', { datamodule: { test: { batch_size: 9 }, predict: { batch_size: 9 } } }],
    ['test limit', { trainer: { limit_test_batches: 0 } }],
    ['a later stage', { stages: [{}, { trainer: { max_epochs: 9 } }] }],
    ['a baseline', { evaluation: { baseline: 'from_scratch' } }],
    ['a default written out', { optimizer: { name: 'Adam', config: { betas: [0.9, 0.999] } } }],
    ['how torch computes', { optimizer: { config: { foreach: false } } }],
    ['the run digest', { facts: { runDigest: '0'.repeat(64) } }],
    ['the clip algorithm without clipping', { trainer: { gradient_clip_algorithm: 'value' } }],
  ];
  for (const [what, variation] of same) assert.equal(key(variation), reference, what);
  assert.equal(key({}, { dataDigests: { ...data, test: '9'.repeat(64) } }), reference, 'test data');
});

void test('everything that changes numbers changes the key', () => {
  const keys: [string, string][] = [
    ['input weights', key({}, { inputWeightsSha256: 'b'.repeat(64) })],
    ['mask', key({ stages: [{ freeze_modules: ['module.0'] }] })],
    ['training data', key({}, { dataDigests: { ...data, train: '9'.repeat(64) } })],
    ['validation data', key({}, { dataDigests: { ...data, validation: '9'.repeat(64) } })],
    ['no validation data', key({}, { dataDigests: { train: data.train } })],
    ['seed', key({ seed: 1 })],
    ['stage index', key({ stages: [{}, {}] }, { stage: 1 })],
    ['backend', key({ trainer: { backend: 'cpu' } })],
    ['definition version', key({ model: { definitionVersion: '2' } })],
    ['model config', key({ model: { config: { hidden_dim: 4 } } })],
    ['optimizer', key({ optimizer: { name: 'AdamW' } })],
    ['optimizer argument', key({ optimizer: { config: { lr: 1e-3 } } })],
    ['scheduler', key({ scheduler: { name: 'StepLR', config: { step_size: 1 } } })],
    ['scheduler interval', key({ scheduler: { name: 'StepLR', config: { step_size: 1 }, interval: 'epoch' } })],
    ['batch size', key({ datamodule: { train: { batch_size: 2 } } })],
    ['shuffle', key({ datamodule: { train: { shuffle: false } } })],
    ['shuffle seed', key({ datamodule: { shuffle_seed: 0 } })],
    ['validation batch size', key({ datamodule: { validation: { batch_size: 2 } } })],
    ['max_epochs', key({ trainer: { max_epochs: 2 } })],
    ['max_steps', key({ trainer: { max_steps: 2 } })],
    ['train limit', key({ trainer: { limit_train_batches: 2 } })],
    ['validation limit', key({ trainer: { limit_val_batches: 2 } })],
    ['validation interval', key({ trainer: { check_val_every_n_epoch: 2 } })],
    ['accumulation', key({ trainer: { accumulate_grad_batches: 2 } })],
    ['normalisation', key({ trainer: { accumulate_normalization: 'lightning' } })],
    ['clipping', key({ trainer: { gradient_clip_val: 1 } })],
    ['NaN', key({ trainer: { terminate_on_nan: false } })],
    ['frozen mode', key({ trainer: { frozen_modules_mode: 'train' } })],
    ['early stopping', key({ trainer: { callbacks: { EarlyStopping: { monitor: 'val_loss' } } } })],
    ['checkpoint monitor', key({ trainer: { callbacks: { ModelCheckpoint: { monitor: 'val/mae' } } } })],
    ['carry_weights', key({ stages: [{ carry_weights: 'best' }] })],
    ['carry_optimizer', key({ stages: [{ carry_optimizer: 'matching' }, {}] })],
    ['parameter groups', key({ optimizer: { param_groups: [{ params: ['module.0'], lr: 1 }] } })],
    ['paths of parameter groups', key({ optimizer: { param_groups: [{ params: ['module.2'], lr: 1 }] } })],
    ['plateau', key({ scheduler: { name: 'ReduceLROnPlateau' } })],
    ['plateau monitor', key({ scheduler: { name: 'ReduceLROnPlateau', monitor: 'val/mae' } })],
    ['warm-up', key({ scheduler: { name: 'StepLR', config: { step_size: 1 }, warmup: { steps: 2 } } })],
  ];
  const seen = new Map([[reference, 'the reference']]);
  for (const [what, value] of keys) {
    assert.equal(seen.get(value), undefined, `${what} has the key of ${seen.get(value) ?? ''}`);
    seen.set(value, what);
  }
});

void test('what only validation reads does not count without validation', () => {
  const dataDigests = { train: data.train };
  const validation = { datamodule: { validation: { batch_size: 7 } }, trainer: { check_val_every_n_epoch: 3 } };
  assert.equal(key(validation, { dataDigests }), key({}, { dataDigests }));
  assert.equal(key({ trainer: { limit_val_batches: 0 } }), key({}, { dataDigests }));
});

void test('the optimizer state that a stage takes over decides its key, and so do the parameters that go on with it', () => {
  const stages = (second: Variation['optimizer']) => ({ stages: [{ carry_optimizer: 'matching' }, { optimizer: second ?? {} }] });
  const taken = (inputOptimizerSha256: string | undefined, second: Variation['optimizer'] = {}) =>
    key(stages(second), { stage: 1, inputOptimizerSha256 });
  assert.equal(taken('a'.repeat(64)), taken('a'.repeat(64)));
  assert.equal(new Set([taken('a'.repeat(64)), taken('b'.repeat(64)), taken(undefined)]).size, 3);
  const { inputOptimizer } = document(stages({}), { stage: 1, inputOptimizerSha256: 'a'.repeat(64) });
  assert.deepEqual(inputOptimizer, {
    sha256: 'a'.repeat(64),
    carried: ['module.0.bias', 'module.0.weight', 'module.2.bias', 'module.2.weight'],
  });
});

void test('without parameter groups the document has no word of them, so that old results are found again', () => {
  assert.deepEqual(Object.keys(document().optimizer as object), ['name', 'config']);
  assert.deepEqual(document({ optimizer: { layer_decay: 1, no_weight_decay: false } }), document());
});

void test('a changed optimizer in stage 2 leaves the key of stage 1 alone', () => {
  const changed = { stages: [{}, { optimizer: { name: 'SGD' } }] };
  assert.equal(key(changed), key({ stages: [{}, {}] }));
  assert.notEqual(key(changed, { stage: 1 }), key({ stages: [{}, {}] }, { stage: 1 }));
});

void test('golden: the document holds these keys and no other (a new one has to be argued for)', () => {
  assert.deepEqual(Object.keys(document()).sort(), [
    'backend',
    'carryOptimizer',
    'carryWeights',
    'data',
    'datamodule',
    'format',
    'inputWeights',
    'mask',
    'model',
    'numericsVersion',
    'optimizer',
    'scheduler',
    'seed',
    'stage',
    'trainer',
    'validation',
  ]);
});

void test('sections that a model’s config may carry along do not count', () => {
  const config = { hidden_dim: 3, trainer: { logger: 'csv' }, transfer_learning: {} };
  assert.equal(key({ model: { config } }), reference);
});

void test('a miss names the keys that differ, with both values', () => {
  const text = explainMiss(
    document({ optimizer: { config: { lr: 1e-3 } } }),
    document({ optimizer: { name: 'SGD', config: { lr: 0.1 } } }),
  );
  assert.match(text, /optimizer\.name was Adam, is SGD/);
  assert.match(text, /optimizer\.config\.lr was 0\.001, is 0\.1/);
  assert.match(text, /optimizer\.config\.betas was \[0\.9,0\.999\], is absent/);
  assert.ok(!text.includes('trainer'));
});

void test('a miss shortens digests, and says so when nothing differs', () => {
  assert.equal(
    explainMiss(document(), document({}, { inputWeightsSha256: 'b'.repeat(64) })),
    'input_weights was aaaaaaaaaaaa, is bbbbbbbbbbbb',
  );
  assert.equal(explainMiss(document(), document()), 'nothing differs');
});

void test('a miss names keys as a run file has them, wherever a plan keeps the value', () => {
  const withValue = (value: number) => ({
    trainer: { maxEpochs: value, maxTimeSeconds: value },
    datamodule: { neighbours: { cutOff: value } },
    validation: { batchSize: value, limitValBatches: value },
    model: { config: { ownKey: value } },
    scheduler: { config: { T_max: value } },
  });
  const keys = explainMiss(withValue(1), withValue(2))
    .split('; ')
    .map((text) => text.split(' ')[0]);
  assert.deepEqual(keys, [
    'trainer.max_epochs',
    'trainer.max_time',
    'datamodule.cut_off',
    'datamodule.validation.batch_size',
    'trainer.limit_val_batches',
    'model.config.ownKey',
    'scheduler.config.T_max',
  ]);
});

void test('a miss of many keys writes out eight and counts the rest', () => {
  const wide = (value: number): JsonObject => Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`k${index}`, value]));
  assert.match(explainMiss(wide(1), wide(2)), /k7 was 1, is 2; and 3 more$/);
});
