import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { readModelConfig } from '../../src/artifacts/saved-model/read.ts';
import { inspectSavedModel, readSavedWeights } from '../../src/planner/saved-model.ts';
import { initialiseWeights } from '../../src/transfer/initialise.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';
import { mlp } from '../transfer/trees.ts';
import { writeModel } from './support.ts';

test('a saved model is seen without its values: tensors, digest of the file, configuration', async (t) => {
  const model = await writeModel(await temporaryDirectory(t), 'model');
  const facts = await inspectSavedModel(model);
  assert.deepEqual(
    facts.tensors.map(({ path, shape, dtype }) => [path, shape, dtype]),
    [
      ['module.0.bias', [3], 'F32'],
      ['module.0.weight', [3, 2], 'F32'],
      ['module.2.bias', [1], 'F32'],
      ['module.2.weight', [1, 3], 'F32'],
    ],
  );
  const bytes = await readFile(join(model, 'weights.safetensors'));
  assert.equal(facts.weightsSha256, createHash('sha256').update(bytes).digest('hex'));
  assert.equal(facts.config?.name, 'mlp_regressor');
});

test('a bare safetensors file is a model without a configuration', async (t) => {
  const model = await writeModel(await temporaryDirectory(t), 'model');
  const file = join(model, 'weights.safetensors');
  const facts = await inspectSavedModel(file);
  assert.equal(facts.config, null);
  assert.equal(facts.weightsSha256, (await inspectSavedModel(model)).weightsSha256);
});

test('what is not a saved model is named: absent, another format, no configuration, no weights, damaged', async (t) => {
  const directory = await temporaryDirectory(t);
  const model = await writeModel(directory, 'model');
  await assert.rejects(inspectSavedModel(join(directory, 'nowhere')), {
    code: 'FILE_NOT_FOUND',
    message: /There is no saved model at .*nowhere/u,
  });
  await writeFile(join(directory, 'model.h5'), 'x');
  await assert.rejects(inspectSavedModel(join(directory, 'model.h5')), { code: 'CHECKPOINT_UNSUPPORTED', message: /\.safetensors, \.pt/u });
  await writeFile(join(directory, 'model.ckpt'), 'x');
  await assert.rejects(inspectSavedModel(join(directory, 'model.ckpt')), { code: 'CHECKPOINT_INVALID' });
  await mkdir(join(directory, 'forest', 'model_artefacts'), { recursive: true });
  await writeFile(join(directory, 'forest', 'model_artefacts', 'model.pkl'), 'x');
  await assert.rejects(inspectSavedModel(join(directory, 'forest')), {
    code: 'CHECKPOINT_UNSUPPORTED',
    message: /model\.pkl.*never read/u,
  });
  await mkdir(join(directory, 'empty'));
  await assert.rejects(inspectSavedModel(join(directory, 'empty')), { code: 'FILE_NOT_FOUND' });
  await writeFile(join(model, 'model_config.json'), '{');
  await assert.rejects(readModelConfig(model), { code: 'CHECKPOINT_INVALID', message: /is not JSON/u });
  await rm(join(model, 'model_config.json'));
  await assert.rejects(inspectSavedModel(model), { code: 'FILE_NOT_FOUND', message: /model_config\.json/u });
  await writeFile(join(directory, 'cut.safetensors'), (await readFile(join(model, 'weights.safetensors'))).subarray(0, -4));
  await assert.rejects(inspectSavedModel(join(directory, 'cut.safetensors')), { code: 'CHECKPOINT_INVALID' });
});

test('values are read only of the file that was planned with', async (t) => {
  const model = await writeModel(await temporaryDirectory(t), 'model');
  const { weightsSha256 } = await inspectSavedModel(model);
  const weights = await readSavedWeights({ kind: 'model', path: model, weightsSha256 });
  assert.deepEqual(weights, initialiseWeights(mlp(2, 3, 1), 5));
  await assert.rejects(readSavedWeights({ kind: 'model', path: model, weightsSha256: '0'.repeat(64) }), { code: 'DATA_CHANGED' });
});

test('the output of a run file is read only while it is what that file describes', async (t) => {
  const directory = await temporaryDirectory(t);
  const outputPath = await writeModel(directory, 'model', { name: 'first', run_digest: 'r', files: {} });
  const source = { kind: 'run_file', path: join(directory, 'first.yaml'), outputPath, runName: 'first', runDigest: 'r' } as const;
  assert.equal((await readSavedWeights(source)).size, 4);
  await assert.rejects(readSavedWeights({ ...source, runDigest: 'other' }), { code: 'FILE_NOT_FOUND', message: /first\.yaml/u });
  await assert.rejects(readSavedWeights({ ...source, runName: 'other' }), { code: 'OUTPUT_EXISTS' });
  await rm(outputPath, { recursive: true });
  await assert.rejects(readSavedWeights(source), { code: 'FILE_NOT_FOUND', message: /pre-training run comes first/u });
});
