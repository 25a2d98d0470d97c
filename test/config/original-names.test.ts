import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { RootstockError } from '../../src/errors.ts';
import { builtinModels } from '../../src/models/registry.ts';
import { failure, moleculeRun, parse, smallRun, stagedRun } from './helpers.ts';
import { originalNames } from './original-names.ts';

const { sections, models, loggers, profilers, strategies } = originalNames;
const OURS = { models: builtinModels };

/** What is said of a run: nothing, or all problems with their codes. */
function said(run: unknown, options = {}): readonly { readonly code: string; readonly where: string; readonly text: string }[] {
  try {
    parse(run, options);
    return [];
  } catch (error) {
    if (error instanceof RootstockError) return error.details['problems'] as never;
    throw error;
  }
}

/** A value that no key takes, so that a known key is refused for its value, or by name, and never as unknown. */
const NOTHING = '?';

/** Where the keys of each class of section are written. `own` are keys that the datamodule of some models has. */
const PLACES: Readonly<Record<string, (key: string) => readonly [run: unknown, options?: object]>> = {
  TrainerConfig: (key) => [smallRun({ trainer: { [key]: NOTHING } })],
  OptimizerConfig: (key) => [smallRun({ optimizer: { [key]: NOTHING } })],
  SchedulerConfig: (key) => [smallRun({ scheduler: { [key]: NOTHING } })],
  TransferLearningStage: (key) => [stagedRun({ [key]: NOTHING })],
  TransferLearningConfigBase: (key) => [smallRun({ transfer_learning: { pre_trained_model_path: 'old', stages: [{}], [key]: NOTHING } })],
  SplitConfig: (key) => [smallRun({ datamodule: { predict: { [key]: NOTHING } } })],
  TrainSplitConfig: (key) => [smallRun({ datamodule: { train: { [key]: NOTHING } } })],
  EvalSplitConfig: (key) => [smallRun({ datamodule: { validation: { [key]: NOTHING }, test: { [key]: NOTHING } } })],
  DataModuleConfig: (key) => [smallRun({ datamodule: { [key]: NOTHING } })],
  CompileConfig: (key) => [smallRun({ compile: { [key]: NOTHING } })],
  LightningConfig: (key) => [smallRun({ [key]: NOTHING })],
  PhysicsMLDataModuleConfig: (key) => [
    moleculeRun('egnn_model', { datamodule: { num_elements: 2, y_graph_scalars: ['b'], [key]: NOTHING } }),
    OURS,
  ],
  PhysicsMLModelConfig: (key) => [moleculeRun('egnn_model', { [key]: NOTHING }), OURS],
  ANIDataModuleConfig: (key) => [
    moleculeRun('egnn_model', { datamodule: { num_elements: 2, y_graph_scalars: ['b'], [key]: NOTHING } }),
    OURS,
  ],
};

test('every class of section of the original has a place here', () => {
  assert.deepEqual(Object.keys(PLACES).sort(), Object.keys(sections).sort());
});

for (const [section, keys] of Object.entries(sections)) {
  test(`${section}: each of its ${keys.length} keys is known, or refused by name`, () => {
    const place = PLACES[section] ?? assert.fail(section);
    for (const key of keys) {
      for (const { text, where } of said(...place(key))) assert.doesNotMatch(text, /unknown key/u, `${section}.${key}: ${where}`);
    }
    // the probe works: a key that nobody knows is said to be unknown, except inside `compile`, which is refused as a whole
    const [first] = said(...place('nobody_knows_this'));
    assert.match(first?.text ?? '', section === 'CompileConfig' ? /there is no torch\.compile/u : /unknown key/u, section);
  });
}

test('each hyperparameter of a built model is one here', () => {
  const built = Object.entries(models).filter(([name]) => builtinModels.some((model) => model.name === name));
  assert.equal(built.length, 5);
  for (const [name, keys] of built) {
    const model = builtinModels.find((each) => each.name === name) ?? assert.fail(name);
    const ours = Object.keys(model.hyperparameters(z).shape);
    assert.deepEqual(
      keys.filter((key) => !ours.includes(key)),
      [],
      name,
    );
  }
});

test('each model that is not built is refused by name, whatever its hyperparameters', () => {
  const others = Object.entries(models).filter(([name]) => !builtinModels.some((model) => model.name === name));
  assert.equal(others.length, 15);
  for (const [name, keys] of others) {
    const found = said(moleculeRun(name, Object.fromEntries(keys.map((key) => [key, NOTHING]))), OURS);
    assert.deepEqual(
      found.map(({ code }) => code),
      ['NOT_AVAILABLE'],
      name,
    );
    assert.match(found[0]?.text ?? '', new RegExp(`"${name}" is a model of physicsml or molflux that is not built`, 'u'));
  }
});

test('losses of vectors, which other models of the original have, are refused by name', () => {
  for (const model of ['egnn_model', 'adapter_egnn_model', 'mean_var_egnn_model', 'ssf_egnn_model']) {
    for (const key of ['y_graph_vector_loss_config', 'y_edge_vector_loss_config']) {
      const { code, message } = failure(() => parse(moleculeRun(model, { [key]: { name: 'MSELoss' } }), OURS));
      assert.equal(code, 'NOT_AVAILABLE', message);
      assert.match(message, new RegExp(`model\\.config\\.${key}: vectors are not predicted`, 'u'));
    }
  }
  const rows = { name: 'mlp_regressor', config: { x_features: ['a'], y_features: ['b'], y_graph_vector_loss_config: null } };
  assert.match(failure(() => parse(smallRun({}, { model: rows }), OURS)).message, /y_graph_vector_loss_config: unknown key/u);
});

test('every logger, profiler and strategy is honoured or refused by name, in each form it can be written', () => {
  const refused = (trainer: Record<string, unknown>, expected: RegExp) => {
    const { code, message } = failure(() => parse(smallRun({ trainer })));
    assert.equal(code, 'NOT_AVAILABLE', message);
    assert.match(message, expected);
  };
  for (const name of loggers) {
    for (const logger of [name, { name }, [{ name }], { [name]: {} }]) {
      if (name === 'csv') assert.doesNotThrow(() => parse(smallRun({ trainer: { logger } })));
      else refused({ logger }, new RegExp(`logger "${name}" is not available`, 'u'));
    }
  }
  for (const name of profilers) {
    for (const profiler of [name, { name }]) refused({ profiler }, new RegExp(`trainer\\.profiler: .*"${name}"`, 'u'));
  }
  for (const name of strategies) {
    for (const strategy of [name, { name, config: {} }]) refused({ strategy }, new RegExp(`trainer\\.strategy: .*"${name}"`, 'u'));
  }
});

const REFERENCE = fileURLToPath(new URL('../../../shared/reference/config_keys.json', import.meta.url));

test('the list of names is that of the reference', {
  skip: existsSync(REFERENCE) ? false : 'the reference list of keys is not beside this checkout',
}, () => {
  const theirs = JSON.parse(readFileSync(REFERENCE, 'utf8'));
  const keys = (from: Readonly<Record<string, object>>) =>
    Object.fromEntries(Object.entries(from).map(([name, own]) => [name, Object.keys(own).sort()]));
  assert.deepEqual(sections, keys({ ...theirs.sections, ...theirs.physicsml_sections }));
  const own = Object.entries(theirs.models as Record<string, { own?: object }>).map(([name, model]) => [name, model.own ?? {}] as const);
  assert.deepEqual(models, keys(Object.fromEntries(own)));
  for (const kind of ['callbacks', 'loggers', 'profilers', 'strategies'] as const) {
    assert.deepEqual(originalNames[kind], theirs[kind].toSorted());
  }
});
