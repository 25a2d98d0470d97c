import assert from 'node:assert/strict';
import test from 'node:test';
import { callbackEntries } from '../../src/config/check-callbacks.ts';
import { validateSection } from '../../src/config/check-section.ts';
import { sectionDefaults } from '../../src/config/section-defaults.ts';
import type { SectionKind } from '../../src/config/section-rules.ts';

const KINDS: readonly SectionKind[] = ['trainer', 'datamodule', 'optimizer', 'scheduler'];

void test('the defaults of every section are a valid whole', () => {
  for (const kind of KINDS) assert.deepEqual(validateSection(kind, sectionDefaults(kind), kind), []);
  for (const name of ['Adam', 'AdamW', 'SGD']) assert.deepEqual(validateSection('optimizer', sectionDefaults('optimizer', name), 'o'), []);
  for (const name of ['ConstantLR', 'CosineAnnealingLR'])
    assert.deepEqual(validateSection('scheduler', sectionDefaults('scheduler', name), 's'), []);
});

void test('defaults are those of Lightning, molflux and torch 2.4', () => {
  const trainer = sectionDefaults('trainer');
  assert.equal(trainer['max_epochs'], 1);
  assert.equal(trainer['num_sanity_val_steps'], 2);
  assert.deepEqual(trainer['snapshot'], { every_seconds: 15, every_steps: null, keep: 2 });
  assert.deepEqual(sectionDefaults('datamodule')['train'], { batch_size: 1, drop_last: true, shuffle: true });
  assert.deepEqual(sectionDefaults('optimizer')['config'], {
    lr: 1e-4,
    betas: [0.9, 0.999],
    eps: 1e-8,
    amsgrad: false,
    maximize: false,
    weight_decay: 0,
  });
  assert.equal((sectionDefaults('optimizer', 'adamw')['config'] as Record<string, unknown>)['weight_decay'], 0.01);
  assert.deepEqual(sectionDefaults('optimizer', 'SGD')['config'], {
    lr: 1e-3,
    momentum: 0,
    dampening: 0,
    weight_decay: 0,
    nesterov: false,
    maximize: false,
  });
  assert.deepEqual(sectionDefaults('scheduler', 'ConstantLR')['config'], { factor: 1 / 3, total_iters: 5 });
  assert.deepEqual(sectionDefaults('scheduler', 'StepLR')['config'], { gamma: 0.1 });
  assert.deepEqual(sectionDefaults('scheduler')['config'], { T_max: 'num_steps', eta_min: 0 });
});

void test('an override that makes an invalid whole is refused with its path', () => {
  const whole = (kind: SectionKind, change: object) =>
    validateSection(kind, { ...sectionDefaults(kind), ...change }, 'stages.1').map(({ where, text }) => `${where}: ${text}`);
  const cases: [SectionKind, object, string][] = [
    ['trainer', { max_epochs: -1 }, 'stages.1.max_epochs: training would never end; set max_epochs or max_steps to a whole number >= 1'],
    ['trainer', { max_epochs: null }, 'stages.1.max_epochs: training would never end; set max_epochs or max_steps to a whole number >= 1'],
    ['trainer', { min_epochs: 5, max_epochs: 2 }, 'stages.1.min_epochs: expected at most max_epochs (2), received 5'],
    [
      'trainer',
      { accelerator: 'gpu', backend: 'wasm' },
      'stages.1.backend: "wasm" contradicts accelerator "gpu" (tensorflow); leave one of them out',
    ],
    [
      'trainer',
      { accelerator: 'gpu', deterministic: true },
      'stages.1.deterministic: true is not available on the tensorflow backend; use accelerator cpu, or leave it out',
    ],
    [
      'trainer',
      { snapshot: { every_seconds: null, every_steps: null, keep: 2 } },
      'stages.1.snapshot.every_seconds: no snapshot would ever be taken; set every_seconds or every_steps',
    ],
    [
      'trainer',
      { callbacks: [{ EarlyStopping: { patience: 2 } }] },
      'stages.1.callbacks: EarlyStopping needs config.monitor, such as val/total/loss',
    ],
    ['trainer', { max_epoch: 2 }, 'stages.1.max_epoch: unknown key. Did you mean "max_epochs"?'],
    ['optimizer', { name: undefined }, 'stages.1.name: missing; expected the name of the optimizer'],
    [
      'optimizer',
      { name: 'SGD' },
      'stages.1.config.betas: unknown key. Known here: lr, momentum, dampening, weight_decay, nesterov, maximize, foreach, fused, differentiable',
    ],
    [
      'optimizer',
      { name: 'SGD', config: { nesterov: true } },
      'stages.1.config.nesterov: needs momentum > 0 and dampening 0, received momentum 0 and dampening 0',
    ],
    ['scheduler', { name: 'StepLR', config: {} }, 'stages.1.config.step_size: missing; StepLR needs it'],
    ['scheduler', { name: 'CosineAnnealingLR', config: {} }, 'stages.1.config.T_max: missing; CosineAnnealingLR needs it'],
    ['datamodule', { train: { batch_size: 0 } }, 'stages.1.train.batch_size: expected a whole number >= 1, received 0'],
  ];
  for (const [kind, change, expected] of cases) assert.ok(whole(kind, change).includes(expected), whole(kind, change).join('\n'));
  assert.deepEqual(whole('trainer', { max_epochs: -1, max_steps: 10, min_epochs: 5 }), []);
});

void test('every written form of callbacks is read as one list', () => {
  const config = { monitor: 'm' };
  const expected = [{ name: 'EarlyStopping', config }];
  assert.deepEqual(callbackEntries([{ name: 'earlystopping', config }]), expected);
  assert.deepEqual(callbackEntries([{ EarlyStopping: config }]), expected);
  assert.deepEqual(callbackEntries({ EarlyStopping: config }), expected);
  assert.deepEqual(callbackEntries({ name: 'EarlyStopping', config }), expected);
  assert.deepEqual(callbackEntries({ EarlyStopping: null }), [{ name: 'EarlyStopping', config: null }]);
  assert.deepEqual(callbackEntries(null), []);
});

void test('callbacks of a wrong form, name or argument are refused', () => {
  const texts = (callbacks: unknown) => validateSection('trainer', { callbacks }, 't').map(({ where, text }) => `${where}: ${text}`);
  assert.deepEqual(texts([{ name: 'EarlyStoping', config: {} }]), [
    't.callbacks.0.name: unknown callback "EarlyStoping". Did you mean "EarlyStopping"?; available: EarlyStopping, EMAWeightAveraging, ModelCheckpoint, ModelCheckpointApply, LearningRateMonitor',
  ]);
  assert.deepEqual(texts({ EarlyStopping: { monitor: 'm', patiens: 1 } }), [
    't.callbacks.EarlyStopping.patiens: unknown key. Did you mean "patience"?',
  ]);
  assert.deepEqual(texts([{ a: 1, b: 2 }]), ['t.callbacks.0: expected {name, config} or {EarlyStopping: {...}}, received {"a":1,"b":2}']);
  assert.deepEqual(texts('EarlyStopping'), [
    't.callbacks: expected a list of {name, config}, a mapping of name to config, or null, received "EarlyStopping"',
  ]);
  assert.deepEqual(texts([{ name: 'EarlyStopping', config: 3 }]).slice(0, 1), ['t.callbacks.0.config: expected a mapping, received 3']);
});

void test('a number with a decimal comma is told what is wrong with it, where a number is expected', () => {
  const [problem] = validateSection('optimizer', { name: 'Adam', config: { lr: '0,001' } }, 'o');
  assert.match(problem?.text ?? '', /received "0,001"\. Numbers have a decimal point, and no comma$/u);
  const [word] = validateSection('optimizer', { name: 'Adam', config: { lr: 'a,b' } }, 'o');
  assert.match(word?.text ?? '', /received "a,b"$/u);
});
