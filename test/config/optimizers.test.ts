import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { validateSection } from '../../src/config/check-section.ts';
import { optimizerClasses } from '../../src/config/optimizer-keys.ts';
import { requiredArguments } from '../../src/config/scheduler-classes.ts';
import { memberClasses, schedulerClasses } from '../../src/config/scheduler-keys.ts';
import { sectionDefaults } from '../../src/config/section-defaults.ts';
import type { Json, JsonObject } from '../../src/contracts/json.ts';
import { problemsOf, smallRun, stagedRun } from './helpers.ts';

type Defaults = Readonly<Record<string, { readonly class: string; readonly defaults: JsonObject }>>;
const golden = (path: string): unknown => JSON.parse(readFileSync(new URL(`../fixtures/golden/${path}`, import.meta.url), 'utf8'));
const optimizers = (golden('b_optimizers/trajectories.json') as { readonly index: Defaults }).index;
const schedulers = golden('b_schedulers.json') as Defaults;
const REFUSED = ['LBFGS', 'SparseAdam', 'LambdaLR', 'MultiplicativeLR'];

void test('every optimizer has exactly torch’s arguments, and its defaults', () => {
  for (const { class: name, defaults } of Object.values(optimizers)) {
    if (REFUSED.includes(name)) continue;
    const schema = optimizerClasses.available.get(name);
    assert.deepEqual(Object.keys(schema?.shape ?? {}).sort(), Object.keys(defaults).sort(), name);
    for (const [key, value] of Object.entries(configOf('optimizer', name))) assert.deepEqual(value, defaults[key], `${name}.${key}`);
    assert.deepEqual(validateSection('optimizer', { name, config: defaults }, ''), [], `${name} written out`);
  }
});

void test('every scheduler has exactly torch’s arguments and its defaults; those without a default are required', () => {
  for (const { class: name, defaults } of Object.values(schedulers)) {
    if (REFUSED.includes(name)) continue;
    const schema = schedulerClasses.available.get(name);
    // verbose came and went between torch's versions; ChainedScheduler takes nothing but its list.
    const keys = (of: object) => Object.keys(of).filter((key) => key !== 'verbose' && key !== 'last_epoch');
    assert.deepEqual(keys(schema?.shape ?? {}).sort(), keys(defaults).sort(), name);
    for (const [key, value] of Object.entries(configOf('scheduler', name))) {
      if (key !== 'T_max') assert.deepEqual(value, defaults[key], `${name}.${key}`);
    }
    const needed = requiredArguments[name] ?? [];
    assert.deepEqual(
      needed.filter((key) => defaults[key] !== null),
      [],
      name,
    );
  }
});

void test('ranges are torch’s', () => {
  const wrong: readonly (readonly [name: string, config: JsonObject, text: RegExp])[] = [
    ['Adam', { betas: [0.9, 1] }, /betas\.1: expected a number >= 0 and < 1, received 1/u],
    ['RMSprop', { alpha: -0.1 }, /alpha: expected a number >= 0/u],
    ['Adagrad', { lr_decay: -1 }, /lr_decay: expected a number >= 0/u],
    ['Adadelta', { rho: 1.1 }, /rho: expected a number >= 0 and <= 1/u],
    ['Adamax', { eps: -1e-9 }, /eps: expected a number >= 0/u],
    ['NAdam', { momentum_decay: -1 }, /momentum_decay: expected a number >= 0/u],
    ['Rprop', { etas: [1.2, 0.5] }, /etas\.0: expected a number > 0 and < 1/u],
    ['Rprop', { weight_decay: 0.1 }, /weight_decay: unknown key/u],
    ['ASGD', { lr: -1 }, /lr: expected a number >= 0/u],
    ['RAdam', { capturable: true }, /capturable: only false is accepted/u],
    ['SGD', { fused: true }, /fused: only null or false is accepted/u],
  ];
  for (const [name, config, text] of wrong) assert.match(problemsOf(smallRun({ optimizer: { name, config } })).join('\n'), text);
  const schedule: readonly (readonly [name: string, config: JsonObject, text: RegExp])[] = [
    ['LinearLR', { start_factor: 0 }, /start_factor: expected a number > 0 and <= 1/u],
    ['LinearLR', { total_iters: 0 }, /total_iters: expected a whole number >= 1/u],
    ['CosineAnnealingWarmRestarts', { T_0: 0 }, /T_0: expected a whole number >= 1/u],
    ['CosineAnnealingWarmRestarts', { T_0: 3, T_mult: 1.5 }, /T_mult: expected a whole number >= 1/u],
    ['OneCycleLR', { max_lr: [0.1, 0.2], total_steps: 9 }, /max_lr: expected one number >= 0 for all parameter groups/u],
    ['OneCycleLR', { max_lr: 0.1, total_steps: 9, pct_start: 2 }, /pct_start: expected a number >= 0 and <= 1/u],
    ['CyclicLR', { base_lr: 0.1, max_lr: 1, scale_fn: 'x' }, /scale_fn: only null is accepted/u],
    ['CyclicLR', { base_lr: 0.1, max_lr: 1, mode: 'triangular3' }, /mode: .*Did you mean "triangular2?"/u],
    ['ReduceLROnPlateau', { factor: 1 }, /factor: expected a number >= 0 and < 1/u],
    ['ReduceLROnPlateau', { min_lr: [0, 1] }, /min_lr: expected one number >= 0 for all parameter groups/u],
    ['SWALR', { swa_lr: 0.1, anneal_strategy: 'exp' }, /anneal_strategy: expected "cos" or "linear"/u],
    ['SequentialLR', { schedulers: [], milestones: [] }, /schedulers: expected a non-empty list of mappings \{name, config\}/u],
    ['CosineAnnealingLR', { T_max: 'num_step' }, /T_max: expected .*Did you mean "num_steps"/u],
  ];
  for (const [name, config, text] of schedule) assert.match(problemsOf(smallRun({ scheduler: { name, config } })).join('\n'), text);
});

void test('problems inside param_groups and lists of schedulers are at their place', () => {
  const optimizer = {
    name: 'SGD',
    param_groups: [
      { params: ['a'], lr: 1 },
      { params: [], betas: [0, 0], lr: -1 },
    ],
  };
  assert.deepEqual(problemsOf(smallRun({ optimizer })), [
    'model.config.optimizer.param_groups.1.params: expected a non-empty list of names or globs, received []',
    'model.config.optimizer.param_groups.1.betas: unknown key. Known here: lr, momentum, dampening, weight_decay, nesterov, maximize, foreach, fused, differentiable',
    'model.config.optimizer.param_groups.1.lr: expected a number >= 0, received -1',
  ]);
  const members = [
    { name: 'StepLR', config: { step_siz: 3 } },
    { name: 'StepLr', confg: {} },
  ];
  assert.deepEqual(problemsOf(stagedRun({ scheduler: { name: 'ChainedScheduler', config: { schedulers: members } } })), [
    'model.config.transfer_learning.stages.0.scheduler.config.schedulers.0.config.step_siz: unknown key. Did you mean "step_size"?',
    'model.config.transfer_learning.stages.0.scheduler.config.schedulers.1.confg: unknown key. Did you mean "config"?',
  ]);
});

void test('contradictions of a whole section are reported, also inside an entry of param_groups', () => {
  const texts = (optimizer: JsonObject) => validateSection('optimizer', optimizer, '').map(({ where, text }) => `${where}: ${text}`);
  assert.deepEqual(texts({ name: 'SGD', config: {}, param_groups: [{ params: ['a'], nesterov: true }, { lr: 1 }] }), [
    'param_groups.0.nesterov: needs momentum > 0 and dampening 0, received momentum 0 and dampening 0',
    'param_groups.1.params: missing; expected a non-empty list of module names, parameter names or globs',
  ]);
  assert.deepEqual(texts({ name: 'SGD', config: { momentum: 0.9 }, param_groups: [{ params: ['a'], nesterov: true }] }), []);
  assert.deepEqual(texts({ name: 'Rprop', no_weight_decay: true }), ['no_weight_decay: Rprop has no weight_decay; leave it out']);
  assert.deepEqual(texts({ name: 'Rprop', no_weight_decay: false }), []);
  assert.deepEqual(texts({ name: 'Rprop', config: { step_sizes: [1, 0.5] } }), [
    'config.step_sizes: expected the smaller one first, received [1, 0.5]',
  ]);
});

void test('what cannot stand inside a list is refused by name with the reason', () => {
  for (const name of memberClasses.refused.keys()) {
    const text = problemsOf(smallRun({ scheduler: { name: 'ChainedScheduler', config: { schedulers: [{ name }] } } })).join('\n');
    assert.match(text, new RegExp(`schedulers\\.0\\.name: scheduler ${name} is not supported: `, 'u'));
  }
  assert.match(problemsOf(smallRun({ scheduler: [{ name: 'StepLR' }] })).join('\n'), /give \{name: SequentialLR/u);
});

function configOf(kind: 'optimizer' | 'scheduler', name: string): Readonly<Record<string, Json>> {
  return (sectionDefaults(kind, name)['config'] ?? {}) as JsonObject;
}
