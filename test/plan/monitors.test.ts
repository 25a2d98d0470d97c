import assert from 'node:assert/strict';
import test from 'node:test';
import type { JsonObject } from '../../src/contracts/json.ts';
import { failureOf, planOf, stageOf } from './runs.ts';

const early = (monitor: string): JsonObject => ({ callbacks: { EarlyStopping: { monitor } } });
const noValidation = { rows: { train: 100 } };

void test('EarlyStopping becomes a plan with Lightning’s defaults', () => {
  assert.deepEqual(stageOf({ trainer: early('val/mae') }).trainer.earlyStopping, {
    monitor: 'val/mae',
    mode: 'min',
    minDelta: 0,
    patience: 3,
    strict: true,
    checkFinite: true,
    stoppingThreshold: null,
    divergenceThreshold: null,
  });
  const config = {
    monitor: 'val/r2',
    mode: 'max',
    min_delta: 0.1,
    patience: 0,
    strict: false,
    check_finite: false,
    stopping_threshold: 0.9,
    divergence_threshold: -1,
  };
  assert.deepEqual(stageOf({ trainer: { callbacks: [{ name: 'EarlyStopping', config }] } }).trainer.earlyStopping, {
    monitor: 'val/r2',
    mode: 'max',
    minDelta: 0.1,
    patience: 0,
    strict: false,
    checkFinite: false,
    stoppingThreshold: 0.9,
    divergenceThreshold: -1,
  });
});

void test('val_loss is an alias of val/total/loss', () => {
  assert.equal(stageOf({ trainer: early('val_loss') }).trainer.earlyStopping?.monitor, 'val/total/loss');
});

void test('a monitor that is never logged is MONITOR_NOT_FOUND with the names there are', () => {
  const error = failureOf({ trainer: early('val/mea') });
  assert.equal(error.code, 'MONITOR_NOT_FOUND');
  assert.match(error.message, /EarlyStopping watches "val\/mea", which is never logged \(did you mean "val\/mae"/);
  assert.match(error.message, /Fix: watch one of train\/total\/loss, val\/total\/loss, val\/mae, val\/rmse, val\/r2/);
  assert.equal(failureOf({ trainer: early('val/accuracy') }).code, 'MONITOR_NOT_FOUND');
  assert.equal(stageOf({ trainer: early('val/accuracy'), model: { task: 'classification' } }).trainer.earlyStopping?.patience, 3);
});

void test('a validation metric needs a validation split; the training loss does not', () => {
  const error = failureOf({ ...noValidation, trainer: early('val_loss') });
  assert.equal(error.code, 'MONITOR_NOT_FOUND');
  assert.match(error.message, /watches "val\/total\/loss", but there is no validation pass/);
  assert.equal(failureOf({ trainer: { ...early('val_loss'), limit_val_batches: 0 } }).code, 'MONITOR_NOT_FOUND');
  assert.equal(stageOf({ ...noValidation, trainer: early('train/total/loss') }).trainer.earlyStopping?.monitor, 'train/total/loss');
});

void test('ruling Between stages: best needs a validation set and an existing monitor', () => {
  const stages = [{ carry_weights: 'best' }];
  assert.equal(stageOf({ stages }).carryWeights, 'best');
  const missing = failureOf({ ...noValidation, stages });
  assert.equal(missing.code, 'MONITOR_NOT_FOUND');
  assert.match(missing.message, /stages\.0\.carry_weights: best needs a validation pass/);
  const unknown = failureOf({ stages, trainer: { callbacks: { ModelCheckpoint: { monitor: 'val/f1' } } } });
  assert.match(unknown.message, /ModelCheckpoint watches "val\/f1"/);
});

void test('ModelCheckpoint says what best means; without one it is the validation loss', () => {
  assert.deepEqual(stageOf({}).trainer.checkpointMonitor, { monitor: 'val/total/loss', mode: 'min' });
  const trainer = { callbacks: { ModelCheckpoint: { monitor: 'val/r2', mode: 'max' } } };
  assert.deepEqual(stageOf({ trainer }).trainer.checkpointMonitor, { monitor: 'val/r2', mode: 'max' });
  assert.equal(stageOf({ trainer }).carryWeights, 'last');
  // A checkpoint that names no monitor asks for nothing that a run without validation lacks.
  assert.equal(planOf({ ...noValidation, trainer: { callbacks: { ModelCheckpoint: { monitor: null } } } }).stages.length, 1);
  assert.equal(failureOf({ ...noValidation, trainer }).code, 'MONITOR_NOT_FOUND');
});

void test('ModelCheckpointApply carries the best weights, unless the stage says otherwise', () => {
  const trainer = { callbacks: { ModelCheckpointApply: { monitor: 'val/mae' } } };
  const { stages } = planOf({ trainer, stages: [{}, { carry_weights: 'last' }] });
  assert.deepEqual(
    stages.map(({ carryWeights, origins }) => [carryWeights, origins.carry_weights]),
    [
      ['best', 'base'],
      ['last', 'stage'],
    ],
  );
  assert.equal(planOf({ stages: null, trainer }).stages[0]?.carryWeights, 'best');
});

void test('a model of molecules can be watched by head: losses always, metrics where there are several heads', () => {
  const graph = { numElements: 3, nodeAttrWidth: 0, edgeAttrWidth: 0, graphAttrWidth: 0, hasTotalAtomicEnergy: false, cutOff: 5 };
  const watching = (monitor: string, targets: Readonly<Record<string, number>>) =>
    planOf({
      trainer: { max_epochs: 3, callbacks: [{ name: 'EarlyStopping', config: { monitor } }] },
      model: { facts: { inputWidth: 0, outputWidth: 2, graph: { ...graph, targets } } },
    });
  const one = { y_graph_scalars: 1 };
  const two = { y_graph_scalars: 1, y_node_scalars: 1 };
  for (const monitor of ['val/total/loss', 'val/total/y_graph_scalars', 'val/mae']) assert.ok(watching(monitor, one));
  for (const monitor of ['val/total/y_node_scalars', 'val/y_node_scalars/mae']) assert.ok(watching(monitor, two));
  for (const monitor of ['val/mae', 'val/y_edge_scalars/mae'])
    assert.throws(() => watching(monitor, two), /watch one of .*val\/y_graph_scalars\/mae/u);
});
