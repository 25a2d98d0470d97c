import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { MODELS_NOT_BUILT } from '../../src/contracts/models-not-built.ts';
import { nearestNames } from '../../src/contracts/nearest.ts';
import { defineModel } from '../../src/models/define-model.ts';
import type { ModelDefinition } from '../../src/models/definition.ts';
import { loadModels } from '../../src/models/load-models.ts';
import { mlpRegressor } from '../../src/models/mlp-regressor.ts';
import { builtinModels, findModel, modelRegistry } from '../../src/models/registry.ts';
import { hasCode } from './support.ts';

const own: ModelDefinition = { ...mlpRegressor, name: 'my_model' };

void test('built-in models are found by name, molflux name included', () => {
  for (const { name } of builtinModels) assert.equal(findModel(name).name, name);
  const facts = { inputWidth: 2, outputWidth: 1 };
  assert.deepEqual(findModel('lightning_mlp_regressor').describe({}, facts), mlpRegressor.describe({}, facts));
});

void test('an unknown model is an error with the nearest names', () => {
  assert.throws(() => findModel('mlp_regresor'), hasCode('UNKNOWN_MODEL', /Did you mean "mlp_regressor"/));
  assert.throws(() => findModel('zzz'), hasCode('UNKNOWN_MODEL', /use one of cnn_classifier/));
});

void test('a model of physicsml that is not built is refused by name', () => {
  assert.throws(
    () => findModel('ani_model'),
    hasCode('NOT_AVAILABLE', /"ani_model" is a model of physicsml or molflux that is not built\.\nFix: use one of .*egnn_model/),
  );
  for (const name of MODELS_NOT_BUILT) assert.ok(!builtinModels.some((model) => model.name === name), name);
});

void test('further models join the registry, under names of their own', () => {
  assert.equal(modelRegistry([own]).find('my_model'), own);
  assert.throws(() => modelRegistry([{ ...own, name: 'mlp_regressor' }]), hasCode('MODEL_CONFIG_INVALID', /"mlp_regressor"/));
});

void test('nearest names are ordered by edits and leave out what is far', () => {
  assert.deepEqual(nearestNames('cnn_clasifier', ['mlp_classifier', 'cnn_classifier', 'x']), ['cnn_classifier', 'mlp_classifier']);
});

void test('a definition is checked, all problems at once', () => {
  const broken = { ...own, name: 'My Model', version: '', forward: undefined } as unknown as ModelDefinition;
  assert.throws(() => defineModel(broken), hasCode('MODEL_CONFIG_INVALID', /name: .*\n.*version: .*\n.*forward: /));
});

void test('what a definition describes is checked as well', () => {
  const spec = (path: string, shape: readonly number[] = [1]) =>
    ({ path, shape, dtype: 'float32', kind: 'parameter', initializer: { kind: 'zeros' } }) as const;
  const model = defineModel({ ...own, describe: () => ({ tensors: [spec('a'), spec('a.b'), spec('c', [0]), spec('d'), spec('d')] }) });
  assert.throws(
    () => model.describe({}, { inputWidth: 1, outputWidth: 1 }),
    hasCode('MODEL_CONFIG_INVALID', /a: is a tensor and the parent.*c: shape \[0\].*d: described twice/s),
  );
  assert.equal(defineModel(own).describe({}, { inputWidth: 1, outputWidth: 1 }).tensors.length, 4);
});

void test("an operator's module is loaded, its source digest part of the version", async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rootstock-models-'));
  try {
    const url = pathToFileURL(join(directory, 'model.mjs')).href;
    const empty = pathToFileURL(join(directory, 'empty.mjs')).href;
    const f = '() => ({})';
    await writeFile(
      new URL(url),
      `export const mine = {name: 'mine', version: '2', task: 'regression', hyperparameters: ${f}, describe: ${f}, forward: ${f}, loss: ${f}, gradientKernels: ${f}};`,
    );
    await writeFile(new URL(empty), 'export const answer = 42;');
    const models = await loadModels([url]);
    assert.match(models.find(({ name }) => name === 'mine')?.version ?? '', /^2\+[0-9a-f]{16}$/);
    assert.equal(models.length, builtinModels.length + 1);
    await assert.rejects(loadModels([empty]), hasCode('MODEL_CONFIG_INVALID', /exports no model/));
    await assert.rejects(loadModels([`${url}.absent`]), hasCode('FILE_NOT_FOUND'));
  } finally {
    await rm(directory, { recursive: true });
  }
});

void test('the registry can be used without loading tensors: planning stays quick', async () => {
  const registry = new URL('../../src/models/registry.ts', import.meta.url).href;
  const script = `
    const { createRequire } = await import('node:module');
    const { findModel } = await import(${JSON.stringify(registry)});
    findModel('cnn_classifier').describe({ input_shape: [1, 8, 8] }, { inputWidth: 64, outputWidth: 2 });
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('@tensorflow'));
    console.log(JSON.stringify(loaded));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    cwd: new URL('../..', import.meta.url).pathname,
  });
  assert.deepEqual(JSON.parse(stdout), []);
});
