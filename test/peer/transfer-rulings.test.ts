import assert from 'node:assert/strict';
import test from 'node:test';
import { codesOf } from '../plan/runs.ts';
import { failureOfTransfer, mlpWeights, planTransfer, ROWS, trainTransfer } from './transfer-run.ts';

/* Where molflux 0.8 surprises, Rootstock does something else on purpose: one test for each. */

test('modules_to_match reads {pre-trained: new}, as documented; the direction of molflux’s code is recognised and put right', async (t) => {
  const preTrained = mlpWeights([2, 3, 3, 1], (path) => (path.startsWith('module.4') ? 7 : 0.5));
  const options = { numLayers: 4, preTrained, stages: [{}] };
  const plan = await planTransfer(t, { ...options, modulesToMatch: { 'module.4': 'module.6' } });
  assert.ok(plan.initial.kind === 'pre_trained');
  assert.deepEqual(
    plan.initial.match.matched.map(({ from, to }) => `${from} -> ${to}`),
    ['module.4.weight -> module.6.weight', 'module.4.bias -> module.6.bias'],
  );
  const error = await failureOfTransfer(t, { ...options, modulesToMatch: { 'module.6': 'module.4' } });
  assert.equal(error.code, 'MAPPING_INVERTED');
  assert.match(error.message, /module\.4: module\.6/u);
});

test('a list feeds several modules, and both get every value', async (t) => {
  const preTrained = mlpWeights([2, 3, 3, 1], (path) => (path === 'module.2.weight' ? 0.25 : -0.5));
  const plan = await planTransfer(t, { numLayers: 4, preTrained, modulesToMatch: { 'module.2': ['module.2', 'module.4'] }, stages: [{}] });
  assert.ok(plan.initial.kind === 'pre_trained');
  assert.equal(plan.initial.match.matched.length, 4);
  assert.deepEqual([...new Set(plan.initial.match.matched.map(({ from }) => from))].sort(), ['module.2.bias', 'module.2.weight']);
});

test('an override merges deeply: a stage that sets only lr keeps weight_decay and betas (molflux loses them)', async (t) => {
  const config = {
    optimizer: { name: 'AdamW', config: { lr: 0.01, weight_decay: 0.3, betas: [0.8, 0.9] } },
    datamodule: { train: { batch_size: 2, drop_last: false }, validation: { batch_size: 2 } },
  };
  const stages = [{ optimizer: { config: { lr: 0.5 } }, datamodule: { train: { batch_size: 4 } } }];
  const [stage] = (await planTransfer(t, { config, stages })).stages;
  const { lr, weight_decay: weightDecay, betas } = stage?.optimizer.config ?? {};
  assert.deepEqual({ lr, weightDecay, betas }, { lr: 0.5, weightDecay: 0.3, betas: [0.8, 0.9] });
  assert.deepEqual([stage?.datamodule.train.batchSize, stage?.datamodule.train.dropLast], [4, false]);
});

test('T_max: num_steps is the own count of each stage (in molflux the first stage’s leaks into the next), and the rate ends at 0', async (t) => {
  const config = { scheduler: { name: 'CosineAnnealingLR', config: { T_max: 'num_steps' } } };
  const stages = [{ trainer: { max_epochs: 3 } }, { trainer: { max_epochs: 5 } }];
  const plan = await planTransfer(t, { config, stages });
  assert.deepEqual(
    plan.stages.map(({ scheduler, totalSteps }) => [scheduler?.config['T_max'], totalSteps]),
    [
      [6, 6],
      [10, 10],
    ],
  );
});

test('stages: [] is refused (molflux hands back untrained weights)', async (t) => {
  const error = await failureOfTransfer(t, { stages: [] });
  assert.equal(error.code, 'CONFIG_INVALID');
  assert.match(error.message, /transfer_learning\.stages: expected a non-empty list of stages/u);
});

test('an unknown key inside config is found when the run is read (in molflux when that stage starts)', async (t) => {
  const error = await failureOfTransfer(t, { stages: [{}, { optimizer: { config: { weight_decy: 0.1 } } }] });
  assert.equal(error.code, 'CONFIG_INVALID');
  assert.match(error.message, /stages\.1\.optimizer\.config\.weight_decy.*weight_decay/u);
});

test('freezing everything is refused by that name (in molflux: "optimizer got an empty parameter list")', async (t) => {
  const error = await failureOfTransfer(t, { stages: [{ freeze_modules: ['module.0', 'module.2'] }] });
  assert.equal(error.code, 'EVERYTHING_FROZEN');
});

test('an unknown name to freeze in a later stage is found before stage 1, with all other problems and the nearest name', async (t) => {
  const error = await failureOfTransfer(t, {
    stages: [{}, { freeze_modules: ['module.1'] }, { freeze_modules: ['modul.0'] }],
  });
  assert.deepEqual(codesOf(error), ['FREEZE_NAME_NOT_FOUND', 'FREEZE_NAME_NOT_FOUND']);
  assert.match(error.message, /stages\.1\.freeze_modules\.0/u);
  assert.match(error.message, /stages\.2\.freeze_modules\.0.*module\.0/u);
});

test('modules_to_match: {} is refused (molflux matches nothing, silently)', async (t) => {
  assert.equal((await failureOfTransfer(t, { modulesToMatch: {}, stages: [{}] })).code, 'MAPPING_EMPTY');
});

test('a batch size above the number of rows is refused (molflux trains zero steps, silently)', async (t) => {
  const error = await failureOfTransfer(t, { stages: [{ datamodule: { train: { batch_size: ROWS.length + 1 } } }] });
  assert.equal(error.code, 'NO_BATCHES');
});

test('the default monitor val_loss means val/total/loss (in molflux it is never logged)', async (t) => {
  const callbacks = [{ name: 'EarlyStopping', config: { monitor: 'val_loss' } }];
  const [stage] = (await planTransfer(t, { config: { trainer: { callbacks } }, stages: [{}] })).stages;
  assert.equal(stage?.trainer.earlyStopping?.monitor, 'val/total/loss');
});

test('the next stage starts, bit for bit, from the last weights, from the best or from the averaged ones, as carry_weights says', async (t) => {
  // A rate that overshoots, so that the last weights are neither the best nor the average; the second stage moves nothing.
  const trainer = { max_epochs: 20, callbacks: { EMAWeightAveraging: { decay: 0.5 } } };
  const config = { trainer, optimizer: { name: 'Adam', config: { lr: 0.3 } } };
  const still = { optimizer: { name: 'SGD', config: { lr: 0 } } };
  const carry = async (carryWeights: string, first: object = {}) => {
    const [before, after] = await trainTransfer(t, { config, stages: [{ carry_weights: carryWeights, ...first }, still] });
    return { before: before ?? assert.fail(), after: after ?? assert.fail() };
  };
  const last = await carry('last');
  const ema = await carry('ema');
  const best = await carry('best', { trainer: { callbacks: null } });
  assert.deepEqual(ema.before.last, last.before.last, 'what is carried changes no training');
  assert.deepEqual(last.before.carried, last.before.last);
  assert.deepEqual(best.before.carried, best.before.best);
  assert.notDeepEqual(ema.before.carried, ema.before.last);
  assert.notDeepEqual(best.before.carried, best.before.last);
  for (const { before, after } of [last, ema, best]) assert.deepEqual(after.last, before.carried);
});
