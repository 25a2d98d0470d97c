import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { JsonObject } from '../../src/contracts/json.ts';
import { captureCli } from '../helpers/cli.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';

const SAVED = join(import.meta.dirname, '../fixtures/golden/c_mlp/pre_trained_model');

/** A model that molflux saved, with other keys in its config, and two rows of data with labels. */
async function prepare(t: TestContext, config: JsonObject) {
  const directory = await temporaryDirectory(t);
  const model = join(directory, 'model');
  await cp(SAVED, model, { recursive: true });
  const path = join(model, 'model_config.json');
  const document = JSON.parse(await readFile(path, 'utf8')) as JsonObject & { readonly config: JsonObject };
  await writeFile(path, JSON.stringify({ ...document, config: { ...document.config, ...config } }));
  const data = join(directory, 'data.jsonl');
  await writeFile(data, [1, 2].map((x0) => `${JSON.stringify({ x0, x1: 0, x2: 1, x3: 2, y: 1 })}\n`).join(''));
  const out = join(directory, 'out.csv');
  return { out, data, predict: ['predict', '--model', model, '--data', data, '--out', out], evaluate: ['evaluate', model, data] };
}

test('a saved model with a wrong value predicts nothing and is not judged: bad input, with the key', async (t) => {
  const { out, predict, evaluate } = await prepare(t, { datamodule: { predict: { batch_size: 0 } } });
  for (const words of [predict, evaluate]) {
    const { exitCode, stderr } = await captureCli(t, words);
    assert.equal(exitCode, 2);
    assert.match(
      stderr,
      /^CHECKPOINT_INVALID: "[^"]*model_config\.json"[^\n]*\n {2}config\.datamodule\.predict\.batch_size: [^\n]*received 0\nFix: /u,
    );
  }
  assert.equal(existsSync(out), false);
});

test('keys that are not known are said beside the predictions and beside the metrics, for people and for programs', async (t) => {
  const { predict, evaluate } = await prepare(t, { from_the_future: 1 });
  for (const words of [predict, evaluate]) {
    const { exitCode, stderr } = await captureCli(t, words);
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /^Warning: "[^"]*model_config\.json" has a key that is not known here [^\n]*: config\.from_the_future\.$/mu);
  }
  const { stdout } = await captureCli(t, [...evaluate, '--json']);
  const { warnings } = JSON.parse(stdout) as { readonly warnings: readonly string[] };
  assert.match(warnings.join('\n'), /config\.from_the_future/u);
});

test('a column of the data stands first in each row of predictions, as text, over all batches and in each format', async (t) => {
  const { out, data, predict } = await prepare(t, {});
  const ids = ['7', 'a,b', '007', '12345678901234567890', ''];
  await writeFile(data, ids.map((id, x0) => `${JSON.stringify({ id, x0, x1: 0, x2: 1, x3: 2 })}\n`).join(''));
  const written = async (path: string, ...more: readonly string[]) => {
    const words = predict.map((word) => (word === out ? path : word));
    const { exitCode, stderr } = await captureCli(t, [...words, '--batch-size', '2', ...more]);
    assert.equal(exitCode, 0, stderr);
    return (await readFile(path, 'utf8')).trimEnd().split('\n');
  };
  const plain = await written(out);
  const [head, ...rows] = await written(out, '--row-id', 'id', '--force');
  assert.equal(head, 'id,y');
  assert.deepEqual(
    rows,
    ['7', '"a,b"', '007', '12345678901234567890', ''].map((id, row) => `${id},${plain[row + 1]}`),
  );
  const lines = await written(out.replace('.csv', '.jsonl'), '--row-id', 'id');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as object),
    ids.map((id, row) => ({ id, y: Number(plain[row + 1]) })),
  );
});

test('an id that is not there, or is called as a prediction, is bad input, by name', async (t) => {
  const { predict } = await prepare(t, {});
  const absent = await captureCli(t, [...predict, '--row-id', 'xO']);
  assert.equal(absent.exitCode, 2);
  assert.match(absent.stderr, /^COLUMN_NOT_FOUND: [^]*"xO"[^\n]*did you mean "x0"/mu);
  const taken = await captureCli(t, [...predict, '--row-id', 'y']);
  assert.equal(taken.exitCode, 2);
  assert.match(taken.stderr, /^USAGE: --row-id: the predictions have a column "y" of their own\.\nFix: /mu);
});
