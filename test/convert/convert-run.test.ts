import assert from 'node:assert/strict';
import test from 'node:test';
import { parseRun } from '../../src/config/parse-run.ts';
import type { Json, JsonObject } from '../../src/contracts/json.ts';
import { type Converted, convertRun } from '../../src/convert/convert-run.ts';
import { parsePythonLiteral } from '../../src/convert/python-literal.ts';
import { writeRunFile } from '../../src/convert/write-run-file.ts';
import { mlpRegressor } from '../../src/models/mlp-regressor.ts';
import { modelRegistry } from '../../src/models/registry.ts';

const { models } = modelRegistry();

/** Converts a Python dictionary whose config is the text. */
function convert(config: string, options: { readonly faithful?: boolean } = {}): Converted {
  const literal = parsePythonLiteral(
    `{'name': 'mlp_regressor', 'config': {'x_features': ['a'], 'y_features': ['y'], ${config}}}`,
    'config.py',
  );
  return convertRun({
    modelConfig: literal.value,
    wholeFloats: literal.wholeFloats,
    place: literal.place,
    name: 'converted',
    data: { train: 'train.parquet' },
    outputPath: 'models/converted',
    pathFrom: (path) => `../${path}`,
    faithful: options.faithful ?? false,
    models,
  });
}

function configOf({ run }: Converted): JsonObject {
  return (run['model'] as JsonObject)['config'] as JsonObject;
}

function notesOf({ notes }: Converted): readonly string[] {
  return notes.map(({ kind, where }) => `${kind} ${where.replace('model.config.', '')}`);
}

function transfer(stages: string, mapping = "{'module': 'module'}"): string {
  return `'transfer_learning': {'pre_trained_model_path': 'old', 'modules_to_match': ${mapping}, 'stages': [${stages}]}`;
}

test('a mapping is turned round, and one module that feeds two becomes a list', () => {
  const converted = convert(transfer('{}', "{'module.0': 'module.0', 'module.2': 'module.0', 'module.4': 'module.2'}"));
  const { modules_to_match: mapping } = configOf(converted)['transfer_learning'] as JsonObject;
  assert.deepEqual(mapping, { 'module.0': ['module.0', 'module.2'], 'module.2': 'module.4' });
  assert.deepEqual(notesOf(converted), ['changed transfer_learning.modules_to_match']);
});

test('a mapping of names to themselves stays without a word', () => {
  assert.deepEqual(convert(transfer('{}')).notes, []);
});

test('an empty mapping is left for a person', () => {
  assert.ok(notesOf(convert(transfer('{}', '{}'))).includes('to do transfer_learning.modules_to_match'));
});

const SHALLOW = `'optimizer': {'name': 'AdamW', 'config': {'lr': 1e-3, 'weight_decay': 0.05}}, ${transfer("{'optimizer': {'config': {'lr': 1e-2}}}")}`;

test('a stage whose shallow override loses keys of the base is noted, and its numbers are kept when faithful', () => {
  const plain = convert(SHALLOW);
  assert.deepEqual(notesOf(plain), ['differs transfer_learning.stages.0.optimizer.config']);
  assert.match(plain.notes[0]?.text ?? '', /weight_decay \(base 0.05, in the original 0.01\)/u);
  const faithful = convert(SHALLOW, { faithful: true });
  const { stages } = configOf(faithful)['transfer_learning'] as { readonly stages: readonly Json[] } & JsonObject;
  assert.deepEqual(stages, [{ optimizer: { config: { weight_decay: 0.01, lr: 0.01 } } }]);
});

test('frozen modules and accumulated gradients are noted, and set back when faithful', () => {
  const text = `'trainer': {'accumulate_grad_batches': 2}, ${transfer("{'freeze_modules': ['module.0']}")}`;
  assert.deepEqual(notesOf(convert(text)), ['differs trainer.accumulate_normalization', 'differs trainer.frozen_modules_mode']);
  assert.deepEqual(configOf(convert(text, { faithful: true }))['trainer'], {
    accumulate_grad_batches: 2,
    accumulate_normalization: 'lightning',
    frozen_modules_mode: 'train',
  });
});

test('T_max: num_steps in two stages is noted, because the original leaks the count of stage 1', () => {
  const scheduler = `'scheduler': {'name': 'CosineAnnealingLR', 'config': {'T_max': 'num_steps'}}`;
  assert.deepEqual(notesOf(convert(`${scheduler}, ${transfer('{}, {}')}`)), ['differs scheduler']);
  assert.deepEqual(notesOf(convert(`${scheduler}, ${transfer('{}')}`)), []);
});

test('keys without a meaning are left out, and said only when they asked for something', () => {
  const converted = convert(`'compile': False, 'trainer': {'devices': 2, 'profiler': None, 'max_epochs': 3, 'limit_train_batches': 1.0}`);
  assert.deepEqual(configOf(converted)['trainer'], { max_epochs: 3 });
  assert.deepEqual(notesOf(converted), ['dropped trainer.limit_train_batches', 'dropped trainer.devices']);
});

test('a limit of 1 means one batch and stays', () => {
  assert.deepEqual(configOf(convert(`'trainer': {'limit_train_batches': 1}`))['trainer'], { limit_train_batches: 1 });
});

test('what a run file refuses is left for a person, with its place', () => {
  assert.deepEqual(notesOf(convert(`'hiden_dim': 3, 'optimizer': {'name': 'LBFGS'}`)), ['to do hiden_dim', 'to do optimizer.name']);
});

test('a model in a repository is left for a person', () => {
  const text = `'transfer_learning': {'repo_url': 'git@example.com:models', 'stages': [{}]}`;
  assert.ok(notesOf(convert(text)).includes('to do transfer_learning.pre_trained_model_path'));
});

test('the path of the pre-trained model is written as the run file needs it', () => {
  const { pre_trained_model_path: path } = configOf(convert(transfer('{}')))['transfer_learning'] as JsonObject;
  assert.equal(path, '../old');
});

test('the written YAML parses to the same run, notes and all', () => {
  const converted = convert(SHALLOW);
  const yaml = writeRunFile(converted.run, converted.notes, 'config.py');
  assert.match(yaml, /^# Made by rootstock convert from config\.py\.\n# Same words/u);
  assert.ok(yaml.split('\n').every((line) => line.length <= 120));
  const run = parseRun(yaml, { source: 'run.yaml', models: [mlpRegressor] });
  assert.deepEqual(run.written, converted.run);
});

test('something else than a model_config is refused with its place, what it is and what is expected', () => {
  const convertValue = (modelConfig: Json) =>
    convertRun({
      modelConfig,
      wholeFloats: new Set(),
      place: 'config.py:3:1',
      name: 'x',
      data: null,
      outputPath: 'y',
      pathFrom: (path) => path,
      faithful: false,
      models,
    });
  for (const [value, found] of [
    [null, 'received null'],
    [[], 'received a list of 0'],
    [[{ name: 'egnn_model', config: {} }], 'received a list of 1; take its one entry out of the list'],
    [{}, 'the dictionary is empty'],
    [{ name: 'egnn_model' }, 'config: expected a dictionary, received nothing\n  the keys are: name\nFix: give what the script passes'],
    [{ name: 3, config: {} }, 'name: expected text, received 3'],
    [{ name: 'egnn_model', config: [1] }, 'config: expected a dictionary, received a list of 1'],
    [{ x_features: ['a'], trainer: {} }, 'the keys are: x_features, trainer\nFix: put it under "config", beside the model\'s name'],
  ] as const) {
    assert.throws(
      () => convertValue(value),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'CONFIG_INVALID');
        assert.match(
          error.message,
          /^config\.py:3:1: this is not a model_config: expected a dictionary with "name" \(text\) and "config"/u,
        );
        assert.ok(error.message.includes(found), error.message);
        return true;
      },
    );
  }
});

test('an accelerator says which backend it becomes, in the base and in each stage', () => {
  const text = (accelerator: string) => `'trainer': {'accelerator': '${accelerator}'}`;
  const gpu = convert(`${text('gpu')}, ${transfer(`{}, {${text('gpu')}}`)}`);
  assert.deepEqual(notesOf(gpu), ['differs trainer.accelerator', 'differs transfer_learning.stages.1.trainer.accelerator']);
  assert.match(gpu.notes[0]?.text ?? '', /gpu is the tensorflow backend here, .*; auto or cpu, .* are the wasm backend/u);
  assert.deepEqual(configOf(gpu)['trainer'], { accelerator: 'gpu' });
  const cuda = convert(text('cuda'));
  assert.deepEqual([notesOf(cuda), configOf(cuda)['trainer']], [['changed trainer.accelerator'], { accelerator: 'gpu' }]);
  const mac = convert(text('mps'));
  assert.deepEqual([notesOf(mac), configOf(mac)['trainer']], [['changed trainer.accelerator'], { accelerator: 'cpu' }]);
  for (const kept of ['auto', 'cpu']) assert.deepEqual(convert(text(kept)).notes, []);
  assert.deepEqual(notesOf(convert(text('tpu'))), ['to do trainer.accelerator']);
});

test('a model of molecules without a loss is left for a person, with the line to add; plan would refuse it', () => {
  const todo = (name: string, more: string) => {
    const datamodule = "'datamodule': {'num_elements': 2, 'y_node_scalars': ['y']}";
    const x = "'x_features': ['physicsml_atom_numbers', 'physicsml_coordinates'], 'y_features': ['y']";
    const { value, wholeFloats, place } = parsePythonLiteral(`{'name': '${name}', 'config': {${x}, ${datamodule}, ${more}}}`, 'c.py');
    const { notes } = convertRun({
      modelConfig: value,
      wholeFloats,
      place,
      name: 'n',
      data: { train: 'a.parquet' },
      outputPath: 'o',
      pathFrom: (path: string) => path,
      faithful: false,
      models,
    });
    return notes.filter(({ where }) => where.endsWith('_loss_config'));
  };
  for (const name of ['egnn_model', 'ssf_egnn_model', 'adapter_egnn_model']) {
    const [note, ...rest] = todo(name, "'y_graph_scalars_loss_config': None");
    assert.deepEqual([note?.kind, note?.where, rest], ['to do', 'model.config.y_node_scalars_loss_config', []]);
    assert.match(note?.text ?? '', /no head has a loss.*physicsml fails as well.*add "y_node_scalars_loss_config: \{name: MSELoss\}"/u);
  }
  assert.deepEqual(todo('egnn_model', "'y_node_scalars_loss_config': {'name': 'MSELoss'}"), []);
  assert.deepEqual(todo('mean_var_egnn_model', ''), []);
  assert.deepEqual(todo('mlp_regressor', ''), []);
});
