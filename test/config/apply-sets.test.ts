import assert from 'node:assert/strict';
import test from 'node:test';
import { failure, parse, problemsOf, smallRun, stagedRun } from './helpers.ts';

const set = (run: unknown, ...options: string[]) => parse(run, { set: options });

void test('--set changes one value, read as YAML, in order', () => {
  const run = set(
    stagedRun({}),
    'model.config.trainer.max_epochs=3',
    'seed=1',
    'seed=2',
    'model.config.transfer_learning.stages.0.optimizer.config.lr=1e-3',
  );
  assert.equal(run.seed, 2);
  assert.deepEqual(run.trainer, { max_epochs: 3 });
  assert.deepEqual(run.transferLearning?.stages[0]?.optimizer, { config: { lr: 0.001 } });
});

void test('--set is part of what was written', () => {
  assert.deepEqual(set(smallRun(), 'seed=5').written, parse(smallRun({}, { seed: 5 })).written);
});

void test('--set can hold mappings, lists, quoted keys, equal signs and null, and append one stage', () => {
  const run = set(
    stagedRun({}),
    'model.config.transfer_learning.modules_to_match={"a.0": b}',
    'model.config.transfer_learning.modules_to_match."c.0"=[d, e]',
    'model.config.transfer_learning.stages.1={name: last}',
    'model.config.scheduler=null',
    'data.train=a=b.parquet',
  );
  assert.deepEqual(run.transferLearning?.modulesToMatch, { 'a.0': 'b', 'c.0': ['d', 'e'] });
  assert.equal(run.transferLearning?.stages[1]?.name, 'last');
  assert.equal(run.scheduler, null);
  assert.equal(run.data.train, 'a=b.parquet');
});

void test('seed and seed_everything are one key for --set too', () => {
  assert.equal(set(smallRun({}, { seed_everything: 1 }), 'seed=2').seed, 2);
  assert.equal(set(smallRun({}, { seed: 1 }), 'seed_everything=3').seed, 3);
});

void test('a problem of --set is located at the option', () => {
  const cases: [string, string][] = [
    ['model.config.trainer.max_epohcs=3', '--set model.config.trainer.max_epohcs: unknown key. Did you mean "max_epochs"?'],
    ['seed=x', '--set seed: expected a whole number from 0 to 4294967295, received "x"'],
    [
      'model.config.trainer={max_steps: 0}',
      '--set model.config.trainer.max_steps: expected -1 (no limit) or a whole number >= 1, received 0',
    ],
    [
      'model.config.trainer.callbacks=[{name: EarlyStopping, config: {monitor: m, patience: -1}}]',
      '--set model.config.trainer.callbacks.0.config.patience: expected a whole number >= 0, received -1',
    ],
    ['seed', '--set seed: expected a.b.c=value'],
    ['seed_everything=x', '--set seed_everything seed: expected a whole number from 0 to 4294967295, received "x"'],
    ['a..b=1', '--set a..b: expected a.b.c=value'],
    ['name.first=1', '--set name.first: name is "small", which has no keys'],
    ['model.config.x_features.5=c', '--set model.config.x_features.5: expected a list position from 0 to 1, received "5"'],
    ['__proto__.x=1', '--set __proto__.x: the name "__proto__" is not allowed as a key'],
    ['seed=[1', '--set seed: Flow sequence must end with a ]'],
  ];
  for (const [option, expected] of cases)
    assert.ok(problemsOf(smallRun(), { set: [option] }).includes(expected), problemsOf(smallRun(), { set: [option] }).join('\n'));
});

void test('a section that --set replaces is no longer located in the file', () => {
  assert.deepEqual(problemsOf(smallRun({ trainer: { max_steps: 0 } }), { set: ['model.config.trainer={max_steps: 0}'] }), [
    '--set model.config.trainer.max_steps: expected -1 (no limit) or a whole number >= 1, received 0',
  ]);
});

void test('a --set problem and a file problem come together', () => {
  const error = failure(() => parse(smallRun({ width: 0 }), { set: ['seed=-1'] }));
  assert.equal((error.details['problems'] as unknown[]).length, 2);
});
