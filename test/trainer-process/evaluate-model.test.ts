import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { weightsToChunks } from '../../src/artifacts/safetensors/write.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import { findModel } from '../../src/models/registry.ts';
import { initialiseWeights } from '../../src/transfer/initialise.ts';
import { captureCli } from '../helpers/cli.ts';
import { scratchDirectory } from '../helpers/scratch-directory.ts';

const REGRESSOR = {
  name: 'mlp_regressor',
  x_widths: { a: 1, b: 1 },
  config: { num_layers: 2, hidden_dim: 4, x_features: ['a', 'b'], y_features: ['u', 'v'] },
};

/** A saved model with fresh weights, and elsewhere a file with labels. */
async function makeModel(saved: JsonObject & { readonly name: string; readonly config: JsonObject }, rows: readonly JsonObject[]) {
  const directory = await scratchDirectory();
  const { classes, y_features: y } = saved.config as { readonly classes?: readonly string[]; readonly y_features: readonly string[] };
  const tree = findModel(saved.name, []).describe(saved.config, { inputWidth: 2, outputWidth: classes?.length ?? y.length });
  await writeFile(join(directory, 'model_config.json'), JSON.stringify(saved));
  await writeFile(join(directory, 'weights.safetensors'), Buffer.concat([...weightsToChunks(initialiseWeights(tree, 3))]));
  const work = await scratchDirectory();
  await writeFile(join(work, 'data.jsonl'), `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`);
  return { directory, work, data: join(work, 'data.jsonl') };
}

const ROWS = Array.from({ length: 7 }, (_, row) => ({ a: row / 3, b: 1 - row, u: row * row, v: -row }));

test('evaluate gives the metrics that the predictions of the same model have by hand, per column where there are several', async (context) => {
  const { directory, work, data } = await makeModel(REGRESSOR, ROWS);
  const out = join(work, 'metrics.json');
  const predictions = join(work, 'p.jsonl');
  assert.equal((await captureCli(context, ['predict', '--model', directory, '--data', data, '--out', predictions])).exitCode, 0);
  const { exitCode, stdout } = await captureCli(context, [
    'evaluate',
    directory,
    data,
    '--json',
    '--split-name',
    'new',
    '--out',
    out,
    '--batch-size',
    '3',
  ]);
  assert.equal(exitCode, 0);
  const result = JSON.parse(stdout) as { readonly event: string; readonly rows: number; readonly metrics: Record<string, number> };
  assert.deepEqual([result.event, result.rows], ['evaluated', 7]);
  const predicted = (await readFile(predictions, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { u: number; v: number });
  const mae = (name: 'u' | 'v') => predicted.reduce((sum, row, at) => sum + Math.abs(row[name] - (ROWS[at]?.[name] ?? 0)), 0) / 7;
  // The batches differ, and float32 sums with them.
  const near = (name: string, expected: number) => assert.ok(Math.abs((result.metrics[name] ?? 0) - expected) < 1e-5 * expected, name);
  near('new/mae/u', mae('u'));
  near('new/mae/v', mae('v'));
  near('new/mae', (mae('u') + mae('v')) / 2);
  assert.deepEqual(Object.keys(result.metrics), [
    'new/total/loss',
    ...['', '/u', '/v'].flatMap((column) => ['mae', 'rmse', 'r2'].map((name) => `new/${name}${column}`)),
  ]);
  const written = JSON.parse(await readFile(out, 'utf8')) as { readonly metrics: unknown };
  assert.deepEqual(written.metrics, result.metrics);
});

test('evaluate writes a table for people, of the metrics that were asked for', async (context) => {
  const { directory, data } = await makeModel(REGRESSOR, ROWS);
  const { exitCode, stdout } = await captureCli(context, ['evaluate', directory, data, '--metrics', 'mae']);
  assert.equal(exitCode, 0);
  assert.match(stdout, /on 7 rows/u);
  assert.match(stdout, /test\/mae\/u +\d/u);
  assert.doesNotMatch(stdout, /rmse/u);
});

test('a classifier is judged by its own labels, in its own order, and another label is refused', async (context) => {
  const saved = {
    name: 'mlp_classifier',
    x_widths: { a: 1, b: 1 },
    config: { num_layers: 2, hidden_dim: 4, classes: ['yes', 'no'], x_features: ['a', 'b'], y_features: ['answer'] },
  };
  const rows = ROWS.map(({ a, b }, row) => ({ a, b, answer: row % 2 === 0 ? 'no' : 'yes' }));
  const { directory, work, data } = await makeModel(saved, rows);
  const predictions = join(work, 'p.jsonl');
  await captureCli(context, ['predict', '--model', directory, '--data', data, '--out', predictions]);
  const predicted = (await readFile(predictions, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { answer: string }).answer);
  const { stdout } = await captureCli(context, ['evaluate', directory, data, '--json']);
  const { metrics } = JSON.parse(stdout) as { readonly metrics: Record<string, number> };
  assert.equal(metrics['test/accuracy'], predicted.filter((label, row) => label === rows[row]?.answer).length / 7);
  await writeFile(data, `${JSON.stringify({ a: 1, b: 1, answer: 'maybe' })}\n`);
  const refused = await captureCli(context, ['evaluate', directory, data]);
  assert.equal(refused.exitCode, 2);
  assert.match(refused.stderr, /LABEL_OUT_OF_RANGE[^]*<data>, column "answer"[^]*maybe/u);
});

test('metrics of another task, missing columns and rows of another width are bad input, by name', async (context) => {
  const { directory, data } = await makeModel(REGRESSOR, ROWS);
  const failing = async (...words: readonly string[]) => {
    const { exitCode, stderr } = await captureCli(context, ['evaluate', directory, ...words]);
    assert.equal(exitCode, 2);
    return stderr;
  };
  assert.match(await failing(data, '--metrics', 'accuracy'), /CONFIG_INVALID[^]*accuracy/u);
  await writeFile(data, `${JSON.stringify({ a: 1, b: [1, 2], u: 1, v: 1 })}\n`);
  assert.match(await failing(data), /SHAPE_MISMATCH[^]*expected 2 values, received 3/u);
  await writeFile(data, `${JSON.stringify({ a: 1, b: 1, u: 1 })}\n`);
  assert.match(await failing(data), /COLUMN_NOT_FOUND[^]*<data>, column "v"/u);
  await writeFile(data, '');
  assert.match(await failing(data), /<data>/u);
});

test('the name before the metrics is one word without a slash, and anything else is refused before a trainer starts', async (context) => {
  for (const name of ['', 'a/b', '../x', '7', 'two words', 'x'.repeat(65)]) {
    const { exitCode, stderr } = await captureCli(context, ['evaluate', 'no-model', 'no-data', '--split-name', name]);
    assert.equal(exitCode, 2);
    assert.match(stderr, /USAGE: --split-name: expected a letter/u, name);
    assert.match(stderr, /Fix: /u);
  }
});
