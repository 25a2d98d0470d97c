import assert from 'node:assert/strict';
import { link, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { checkOut, type OutInput } from '../../src/cli/check-out.ts';
import { captureCli } from '../helpers/cli.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';

/** A model directory, two files of data and an earlier file of predictions. `check` writes to a name in the directory that holds them. */
async function prepare(t: TestContext) {
  const directory = await temporaryDirectory(t);
  const model = join(directory, 'model');
  await mkdir(join(model, 'model_artefacts'), { recursive: true });
  for (const name of ['a.jsonl', 'b.jsonl', 'earlier.csv', join('model', 'model_config.json')])
    await writeFile(join(directory, name), name);
  const input = { model, data: join(directory, 'a.jsonl'), force: false };
  const check = (out: string, change: Partial<OutInput> = {}) => checkOut({ ...input, out: join(directory, out), ...change });
  return { directory, model, check };
}

test('a new file may be written, another only with force', async (t) => {
  const { check } = await prepare(t);
  await check('new.csv');
  await assert.rejects(check('earlier.csv'), {
    code: 'OUTPUT_EXISTS',
    message: /earlier\.csv" is there already[^]*\nFix: [^\n]*--force\.$/u,
  });
  await check('earlier.csv', { force: true });
});

test('the data is never written over, whatever names it: itself, a link, a hard link, a glob', async (t) => {
  const { directory, check } = await prepare(t);
  await symlink(join(directory, 'a.jsonl'), join(directory, 'link.jsonl'));
  await link(join(directory, 'a.jsonl'), join(directory, 'hard.jsonl'));
  const refusal = { code: 'OUTPUT_EXISTS', message: /is the data itself \("[^"]*a\.jsonl"\)[^]*\nFix: /u };
  for (const out of ['a.jsonl', 'link.jsonl', 'hard.jsonl', 'model/../a.jsonl']) {
    await assert.rejects(check(out, { force: true }), refusal, out);
  }
  const data = join(directory, '[ab].jsonl');
  await assert.rejects(check('b.jsonl', { data, force: true }), { code: 'OUTPUT_EXISTS', message: /\("[^"]*b\.jsonl"\)/u });
  await check('earlier.csv', { data, force: true });
  await check('earlier.csv', { data: join(directory, 'nowhere.jsonl'), force: true });
});

test('nothing is written in the model, new or old, also through a link of another name', async (t) => {
  const { directory, check } = await prepare(t);
  await symlink(join(directory, 'model'), join(directory, 'alias'));
  await symlink(join(directory, 'model', 'model_config.json'), join(directory, 'config.json'));
  for (const out of ['model/new.csv', 'model/model_config.json', 'model/model_artefacts/x.csv', 'alias/new.csv', 'config.json']) {
    await assert.rejects(
      check(out, { force: true }),
      { code: 'OUTPUT_EXISTS', message: /is in the saved model "[^"]*model"[^]*\nFix: /u },
      out,
    );
  }
  await assert.rejects(check('model/new.csv', { model: join(directory, 'alias'), force: true }), { code: 'OUTPUT_EXISTS' });
  await mkdir(join(directory, 'model-2'));
  await check('model-2/new.csv');
  await check('..new.csv');
});

test('a directory, and a file in none, are refused before anything is computed', async (t) => {
  const { check } = await prepare(t);
  await assert.rejects(check('model', { force: true }), { message: /model" cannot be written \(EISDIR\)[^]*\nFix: /u });
  await assert.rejects(check('nowhere/new.csv'), {
    message: /new\.csv" cannot be written \(ENOENT\)[^]*\nFix: its directory is not there/u,
  });
  await assert.rejects(check('a.jsonl/new.csv'), { message: /cannot be written \(ENOTDIR\)/u });
});

test('predict and evaluate leave their data and their model as they are', async (t) => {
  const { directory, model } = await prepare(t);
  const data = join(directory, 'a.jsonl');
  const config = join(model, 'model_config.json');
  const labels = join(directory, 'labels.json');
  await writeFile(labels, '[]');
  for (const [words, kept] of [
    [['predict', '--model', model, '--data', data, '--out', data, '--force'], data],
    [['predict', '--model', model, '--data', data, '--out', join(directory, 'earlier.csv')], join(directory, 'earlier.csv')],
    [['evaluate', model, labels, '--out', labels, '--force'], labels],
    [['evaluate', model, data, '--out', config, '--force'], config],
  ] as const) {
    const before = await readFile(kept, 'utf8');
    const { exitCode, stderr } = await captureCli(t, words);
    assert.equal(exitCode, 2);
    assert.match(stderr, /^OUTPUT_EXISTS: --out /u);
    assert.equal(await readFile(kept, 'utf8'), before);
  }
});

test('metrics go to a .json file, and no metrics at all are nothing to ask for', async (t) => {
  const csv = await captureCli(t, ['evaluate', 'no-model', 'no-data', '--out', 'metrics.csv']);
  assert.equal(csv.exitCode, 2);
  assert.match(csv.stderr, /^USAGE: --out: expected a file that ends in \.json, received "metrics\.csv"\.\nFix: /u);
  for (const none of ['', ' , ']) {
    const { exitCode, stderr } = await captureCli(t, ['evaluate', 'no-model', 'no-data', '--metrics', none]);
    assert.equal(exitCode, 2);
    assert.match(stderr, /^USAGE: --metrics: expected names of metrics, received " ?,? ?"\.\nFix: /u);
  }
});
