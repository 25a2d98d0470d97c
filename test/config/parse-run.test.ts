import assert from 'node:assert/strict';
import test from 'node:test';
import { parseRun, parseRunObject } from '../../src/config/parse-run.ts';
import { failure, options, parse, problemsOf, smallRun, stagedRun } from './helpers.ts';

const FULL = `
name: full-run
seed_everything: 7
data:
  source: {sql: "SELECT * FROM t", files: {t: "data/*.parquet"}, row_id: id}
  split: {presets: {train_fraction: 0.7}, split_seed: 3}
model:
  name: toy_regressor
  config:
    x_features: [a, b]
    y_features: [y]
    width: 8
    trainer: {max_epochs: 3, limit_train_batches: 1.0, limit_val_batches: 1, callbacks: {earlystopping: {monitor: val_loss}}}
    optimizer: {name: adamw, config: {lr: 1e-3}}
    scheduler: {name: cosineannealinglr, config: {T_max: num_steps}, monitor: val_loss}
    transfer_learning:
      pre_trained_model_path: models/old
      modules_to_match: {"features.0": [a.0, a.1]}
      stages:
        - {freeze_modules: [features], optimizer: {config: {lr: 1.0e-2}}, trainer: null}
        - {name: all, scheduler: null, carry_weights: best, optimizer: {name: sgd}}
evaluation: {metrics: [mae], baseline: from_scratch}
output: {path: models/new}
`;

void test('a run file becomes a sparse configuration', () => {
  const run = parseRun(FULL, options);
  assert.equal(run.name, 'full-run');
  assert.equal(run.seed, 7);
  assert.deepEqual(run.model, { name: 'toy_regressor', xFeatures: ['a', 'b'], yFeatures: ['y'], hyperparameters: { width: 8 } });
  assert.equal(run.datamodule, undefined);
  assert.deepEqual(run.data.split, { presets: { train_fraction: 0.7 }, split_seed: 3 });
  assert.deepEqual(run.evaluation, { metrics: ['mae'], baseline: 'from_scratch' });
  assert.deepEqual(run.output, { path: 'models/new' });
  assert.deepEqual(run.transferLearning?.modulesToMatch, { 'features.0': ['a.0', 'a.1'] });
  const [first, second] = run.transferLearning?.stages ?? [];
  assert.deepEqual(first, {
    name: 'stage-1',
    freezeModules: ['features'],
    trainer: undefined,
    datamodule: undefined,
    optimizer: { config: { lr: 0.01 } },
    scheduler: undefined,
    carryWeights: undefined,
    carryOptimizer: undefined,
  });
  assert.equal(second?.name, 'all');
  assert.equal(second?.scheduler, null);
  assert.equal(second?.carryWeights, 'best');
});

void test('what was written is kept without defaults, nulls included', () => {
  const { written } = parse(stagedRun({ scheduler: null, trainer: { gradient_clip_val: null } }));
  assert.deepEqual(written, stagedRun({ scheduler: null, trainer: { gradient_clip_val: null } }));
});

void test('class names, seed_everything and val_loss are written in one way', () => {
  const { written, trainer, optimizer, scheduler } = parseRun(FULL, options);
  assert.equal(written['seed'], 7);
  assert.ok(!('seed_everything' in written));
  assert.equal(optimizer?.['name'], 'AdamW');
  assert.equal(scheduler?.['name'], 'CosineAnnealingLR');
  assert.equal(scheduler?.['monitor'], 'val/total/loss');
  assert.deepEqual(trainer?.['callbacks'], { EarlyStopping: { monitor: 'val/total/loss' } });
});

void test('what parsing wrote parses to the same again', () => {
  const run = parseRun(FULL, options);
  assert.deepEqual(parseRunObject(run.written, options), run);
});

void test('YAML, JSON and an object give the same run', () => {
  const run = smallRun({ trainer: { max_epochs: 2 } }, { seed: 1 });
  const fromJson = parse(run);
  assert.deepEqual(parseRunObject(run, options), fromJson);
  const yaml =
    'name: small\nseed: 1\ndata: {train: train.parquet}\noutput: {path: out}\nmodel:\n  name: toy_regressor\n  config: {x_features: [a], y_features: [b], width: 4, trainer: {max_epochs: 2}}\n';
  assert.deepEqual(parseRun(yaml, options), fromJson);
  assert.deepEqual(parseRun(JSON.stringify(run, null, '\t'), options), fromJson);
});

void test('1.0 batches are all of them and 1 batch is one', () => {
  const { trainer } = parseRun(FULL, options);
  assert.equal(trainer?.['limit_train_batches'], null);
  assert.equal(trainer?.['limit_val_batches'], 1);
});

void test('five mistakes come in one message with file, line, column, key, expected, received and a suggestion', () => {
  const text = `name: five
seed: minus one
data: {train: train.parquet}
model:
  name: toy_regresor
  config:
    x_features: [a]
    y_features: [b]
    trainer:
      max_epoch: 3
      frozen_modules_mode: evla
    optimizer: {name: AdamW, config: {lr: 1e-3, weight_decy: 0.1}}
output: {path: out}
`;
  const error = failure(() => parseRun(text, options));
  assert.equal(error.code, 'CONFIG_INVALID');
  assert.equal(
    error.message,
    `"run.yaml" has 5 problems.
  run.yaml:2:7 seed: expected a whole number from 0 to 4294967295, received "minus one"
  run.yaml:5:9 model.name: there is no model "toy_regresor". Did you mean "toy_regressor"? Models: toy_regressor, other_classifier
  run.yaml:10:7 model.config.trainer.max_epoch: unknown key. Did you mean "max_epochs"?
  run.yaml:11:28 model.config.trainer.frozen_modules_mode: expected "eval" or "train", received "evla". Did you mean "eval"?
  run.yaml:12:49 model.config.optimizer.config.weight_decy: unknown key. Did you mean "weight_decay"?
Fix: docs/run-file.md explains every key; "rootstock schema" prints a JSON Schema for your editor.`,
  );
});

void test('a problem of seed_everything is located where that was written', () => {
  const error = failure(() => parseRun(JSON.stringify(smallRun({}, { seed_everything: 'x' }), null, 1), options));
  assert.match(error.message, /run\.yaml:21:21 seed: expected a whole number/u);
});

void test('an object has dotted paths and no positions', () => {
  const error = failure(() => parseRunObject(smallRun({ trainer: { max_epoch: 1 } }), { ...options, source: 'defineRun' }));
  assert.match(error.message, /^"defineRun" has 1 problem\.\n {2}model\.config\.trainer\.max_epoch: unknown key/u);
});

void test('problems beyond five are counted in the message and listed in the details', () => {
  const error = failure(() => parse(smallRun({ trainer: { a1: 1, a2: 2, a3: 3, a4: 4, a5: 5, a6: 6, a7: 7 } })));
  assert.match(error.message, /\.\.\. and 2 more/u);
  assert.equal((error.details['problems'] as unknown[]).length, 7);
});

void test('unknown keys are errors at every depth', () => {
  const cases: [unknown, string][] = [
    [smallRun({}, { sead: 1 }), 'sead: unknown key. Did you mean "seed"?'],
    [smallRun({}, { data: { train: 'x', tests: 'y' } }), 'data.tests: unknown key. Did you mean "test"?'],
    [smallRun({}, { data: { train: { sql: 'x', file: {} } } }), 'data.train.file: unknown key. Did you mean "files"?'],
    [smallRun({ widht: 3 }), 'model.config.widht: unknown key. Did you mean "width"?'],
    [smallRun({ nested: { depth: 1, dept: 2 } }), 'model.config.nested.dept: unknown key. Did you mean "depth"?'],
    [
      smallRun({ trainer: { snapshot: { every_step: 1 } } }),
      'model.config.trainer.snapshot.every_step: unknown key. Did you mean "every_steps"?',
    ],
    [
      stagedRun({ freeze_module: [] }),
      'model.config.transfer_learning.stages.0.freeze_module: unknown key. Did you mean "freeze_modules"?',
    ],
    [
      stagedRun({ optimizer: { config: { momentum: 0.9 } } }, { optimizer: { name: 'Adam' } }),
      'model.config.transfer_learning.stages.0.optimizer.config.momentum: unknown key. Known here: lr, betas, eps, amsgrad, maximize, capturable, foreach, fused, differentiable, weight_decay',
    ],
    [
      smallRun({ scheduler: { name: 'StepLR', config: { T_max: 3 } } }),
      'model.config.scheduler.config.T_max: unknown key. Known here: step_size, gamma, last_epoch, verbose',
    ],
  ];
  for (const [run, expected] of cases) assert.deepEqual(problemsOf(run), [expected]);
});

void test('a stage may set arguments of the class that its base or itself names', () => {
  const sgd = { optimizer: { name: 'SGD', config: { lr: 0.1 } } };
  assert.doesNotThrow(() => parse(stagedRun({ optimizer: { config: { momentum: 0.9 } } }, sgd)));
  assert.doesNotThrow(() => parse(stagedRun({ optimizer: { name: 'Adam', config: { amsgrad: true } } }, sgd)));
  assert.doesNotThrow(() => parse(stagedRun({ optimizer: { config: { momentum: 0.9 } } })));
  assert.deepEqual(problemsOf(stagedRun({ optimizer: { config: { momentun: 0.9 } } })), [
    'model.config.transfer_learning.stages.0.optimizer.config.momentun: unknown key. Did you mean "momentum"?',
  ]);
});

void test('missing keys are located at the mapping that lacks them', () => {
  const error = failure(() => parseRun('name: x\ndata: {}\nmodel:\n  config: {}\noutput: {path: y}\n', options));
  const problems = (error.details['problems'] as { where: string; text: string }[]).map(({ where, text }) => `${where}: ${text}`);
  assert.ok(problems.includes('run.yaml:2:1 data.train: missing; give train (and validation, test), or source and split'));
  assert.ok(problems.includes('run.yaml:3:1 model.name: missing; expected the name of a model'));
  assert.ok(problems.includes('run.yaml:4:3 model.config.x_features: missing; expected a non-empty list of column names'));
});

void test('hyperparameters are checked by the schema of the model, and not at all for an unknown model', () => {
  assert.deepEqual(problemsOf(smallRun({ width: 0.5 })), ['model.config.width: expected a whole number >= 1, received 0.5']);
  assert.deepEqual(problemsOf(smallRun({ width: undefined })), ['model.config.width: missing; expected a whole number >= 1']);
  const error = failure(() =>
    parse(smallRun({ whatever: 1 }, { model: { name: 'egnn', config: { x_features: ['a'], y_features: ['b'], whatever: 1 } } })),
  );
  assert.equal(error.code, 'UNKNOWN_MODEL');
  assert.match(error.message, /there is no model "egnn"\. Models: toy_regressor, other_classifier/u);
});

void test('a model of physicsml that is not built is refused by name', () => {
  const error = failure(() => parse(smallRun({}, { model: { name: 'mace_model', config: { x_features: ['a'], y_features: ['b'] } } })));
  assert.equal(error.code, 'NOT_AVAILABLE');
  assert.match(error.message, /"mace_model" is a model of physicsml or molflux that is not built\. Models: toy_regressor/u);
});

void test('rules of the run file have their own words', () => {
  const cases: [unknown, string][] = [
    [
      smallRun({}, { data: { train: 'a', source: 'b', split: {} } }),
      'data.train: source is there too; give either source and split, or train, validation and test',
    ],
    [smallRun({}, { data: { source: 'b' } }), 'data.split: missing; source needs a split, such as {name: shuffle_split}'],
    [
      smallRun({}, { data: { train: 'b', split: {} } }),
      'data.split: split belongs to source; leave it out, or give source instead of train',
    ],
    [
      smallRun({}, { data: { source: 'b', split: { presets: { train_fraction: 0.9 } } } }),
      'data.split.presets: fractions add up to 1.1; expected at most 1 (absent ones are 0.8, 0.1, 0.1)',
    ],
    [
      smallRun({}, { data: { train: { sql: 's', row_id: 'i' }, row_id: 'j' } }),
      'data.train.row_id: contradicts data.row_id "j"; keep one of them',
    ],
    [
      smallRun({}, { data: { train: { sql: 's', files: { 'a-b': 'x' } } } }),
      'data.train.files.a-b: a name for SQL has letters, digits and underscores and starts with no digit',
    ],
    [smallRun({}, { seed: 1, seed_everything: 2 }), 'seed_everything: seed is there too; keep one of them'],
    [smallRun({ x_features: ['a', 'a'] }), 'model.config.x_features: a column is named twice'],
    [
      smallRun({}, { name: '../x' }),
      'name: expected a name of at most 128 letters, digits, ".", "_" and "-" that starts with a letter or digit, received "../x"',
    ],
    [
      smallRun({ transfer_learning: { pre_trained_model_path: 'p', stages: [] } }),
      'model.config.transfer_learning.stages: expected a non-empty list of stages, received []',
    ],
    [stagedRun({ name: 'baseline' }), 'model.config.transfer_learning.stages.0.name: "baseline" is reserved; choose another name'],
    [
      smallRun({ trainer: { max_epochs: 0 } }),
      'model.config.trainer.max_epochs: expected -1 (no limit) or a whole number >= 1 or null, received 0',
    ],
  ];
  for (const [run, expected] of cases) assert.deepEqual(problemsOf(run), [expected]);
});

void test('stage names must differ, given ones and numbered ones', () => {
  const run = smallRun({ transfer_learning: { pre_trained_model_path: 'p', stages: [{ name: 'stage-2' }, {}] } });
  assert.deepEqual(problemsOf(run), ['model.config.transfer_learning.stages.1.name: stage 1 is called "stage-2" too; names must differ']);
});

void test('an empty mapping has a code of its own when it is the only problem', () => {
  const empty = { pre_trained_model_path: 'p', modules_to_match: {}, stages: [{}] };
  assert.equal(failure(() => parse(smallRun({ transfer_learning: empty }))).code, 'MAPPING_EMPTY');
  assert.equal(failure(() => parse(smallRun({ transfer_learning: empty, width: 0 }))).code, 'CONFIG_INVALID');
});
