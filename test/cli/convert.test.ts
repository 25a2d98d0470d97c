import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import type { JsonObject } from '../../src/contracts/json.ts';
import { captureCli } from '../helpers/cli.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';

const MODEL = join(import.meta.dirname, '../fixtures/golden/a_saved_egnn/model');

test('the directory of a saved model is converted as its model_config.json is, named after the directory', async (t) => {
  const ofDirectory = await captureCli(t, ['convert', MODEL, '--json']);
  assert.deepEqual([ofDirectory.exitCode, ofDirectory.stderr], [0, '']);
  const ofFile = await captureCli(t, ['convert', join(MODEL, 'model_config.json'), '--name', 'model', '--json']);
  assert.equal(ofDirectory.stdout, ofFile.stdout);
  const { run } = JSON.parse(ofDirectory.stdout) as { readonly run: JsonObject };
  assert.equal(run['name'], 'model');
});

test('the run of a converted directory does not put its model where that directory is', async (t) => {
  const directory = await temporaryDirectory(t);
  const model = join(directory, 'models', 'mine');
  await mkdir(model, { recursive: true });
  await writeFile(join(model, 'model_config.json'), "{'name': 'mlp_regressor', 'config': {'x_features': ['a'], 'y_features': ['y']}}");
  const { stdout } = await captureCli(t, ['convert', model, '--out', join(directory, 'run.yaml'), '--json']);
  const { run } = JSON.parse(stdout) as { readonly run: JsonObject };
  assert.deepEqual(run['output'], { path: 'models/mine-converted' });
});

test('a directory without a model_config.json, and a file that is no model_config, are bad input with their place', async (t) => {
  const directory = await temporaryDirectory(t);
  const empty = await captureCli(t, ['convert', directory]);
  assert.equal(empty.exitCode, 2);
  assert.match(empty.stderr, /^FILE_NOT_FOUND: "[^"]*model_config\.json" is not there\.\nFix: /u);
  const file = join(directory, 'config.py');
  await writeFile(file, "# several models\nmodel_configs = [{'name': 'a'}, {'name': 'b'}]\n");
  const list = await captureCli(t, ['convert', file]);
  assert.equal(list.exitCode, 2);
  assert.match(list.stderr, /^CONFIG_INVALID: [^\n]*config\.py:2:17: this is not a model_config: [^\n]*\n {2}received a list of 2\nFix: /u);
});
