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

const CONFIG = "{'name': 'mlp_regressor', 'config': {'x_features': ['a'], 'y_features': ['y']}}";

test('a file with a byte order mark of UTF-8 converts as it does without one; UTF-16 is called by its name, with a mark or without', async (t) => {
  const directory = await temporaryDirectory(t);
  const file = join(directory, 'config.py');
  const convert = async (bytes: Buffer) => {
    await writeFile(file, bytes);
    return captureCli(t, ['convert', file, '--data', 'a.parquet']);
  };
  const plain = await convert(Buffer.from(CONFIG));
  const marked = await convert(Buffer.from(`\uFEFF${CONFIG}`));
  assert.deepEqual([marked.exitCode, marked.stdout], [0, plain.stdout]);
  const little = Buffer.from(`\uFEFF${CONFIG}`, 'utf16le');
  for (const bytes of [little, little.subarray(2), Buffer.from(little).swap16(), Buffer.from(CONFIG, 'utf16le').swap16()]) {
    const { exitCode, stderr } = await convert(bytes);
    assert.equal(exitCode, 2);
    assert.match(stderr, /^CONFIG_SYNTAX: [^\n]*config\.py: the text is UTF-16, [^\n]*\nFix: save the file as UTF-8\.\n$/u);
  }
  const latin = await convert(Buffer.from(`# M\xfcller\n${CONFIG}`, 'latin1'));
  assert.match(latin.stderr, /config\.py:1:4: a letter that is not UTF-8/u);
});

test('a run file, and a model_config in YAML, are called what they are; a Python literal with a slip is not called YAML', async (t) => {
  const directory = await temporaryDirectory(t);
  const errorOf = async (name: string, text: string) => {
    const file = join(directory, name);
    await writeFile(file, text);
    const { exitCode, stderr } = await captureCli(t, ['convert', file]);
    assert.equal(exitCode, 2);
    return stderr;
  };
  const run = { name: 'n', data: { train: 'a.parquet' }, model: { name: 'mlp_regressor', config: {} }, output: { path: 'o' } };
  const already = /this is a run file already [^\n]*nothing to convert\.?\nFix: "rootstock plan" with this file/u;
  assert.match(await errorOf('run.yaml', 'name: n\nmodel:\n  name: mlp_regressor\n  config: {}\noutput: { path: o }\n'), already);
  assert.match(await errorOf('run.txt', 'name: n\nmodel:\n  name: mlp_regressor\n  config: {}\noutput: { path: o }\n'), already);
  assert.match(await errorOf('run.json', JSON.stringify(run)), already);
  const yaml = /^CONFIG_SYNTAX: [^\n]*: this is YAML; convert reads one Python dictionary, or JSON\.\nFix: print it as JSON: python -c /u;
  assert.match(await errorOf('model_config', 'name: mlp_regressor\nconfig:\n  x_features: [a]\n'), yaml);
  assert.match(await errorOf('broken.yml', 'name: mlp_regressor\nconfig: [\n'), yaml);
  assert.doesNotMatch(await errorOf('config.py', "# mine\n{'name': 'n', 'config': {'x_features': [columns]}}"), /YAML/u);
  assert.match(await errorOf('script.py', 'import molflux\n'), /begins a statement of a script/u);
});
