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
  return { out, predict: ['predict', '--model', model, '--data', data, '--out', out], evaluate: ['evaluate', model, data] };
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
