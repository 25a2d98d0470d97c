import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { makeExportFixture } from '../../ops/make-export-fixture.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';
import { assertClose } from '../models/support.ts';
import { readLines, runJob } from './support.ts';

const golden = join(import.meta.dirname, '../fixtures/golden');
const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

/** float32 sums in other orders than the original's; 1e-5 relative is the bound of every forward pass (test/fixtures/golden/README.md). */
const TOLERANCE = 1e-5;

test('a directory that physicsml saved predicts molecules as physicsml does', async (t) => {
  const { molecules, molflux_predict_f32: expected } = readJson(join(golden, 'a_saved_egnn/predictions.json')) as {
    readonly molecules: readonly Readonly<Record<string, unknown>>[];
    readonly molflux_predict_f32: readonly number[];
  };
  const { lumo } = await predict(t, join(golden, 'a_saved_egnn/model'), molecules);
  assertClose(lumo ?? [], expected, { tolerance: TOLERANCE, what: 'lumo' });
});

test('exported directories predict through the trainer what the original predicted with them', async (t) => {
  const directory = await temporaryDirectory(t);
  await makeExportFixture(directory);
  const { molecules, rows } = readJson(join(directory, 'inputs.json')) as Readonly<
    Record<string, Readonly<Record<string, readonly unknown[]>>>
  >;
  const { cases } = readJson(join(golden, 'export_verified.json')) as {
    readonly cases: Readonly<Record<string, { readonly predictions: Readonly<Record<string, readonly number[]>> }>>;
  };
  // One of each kind: a trainer is started for each, and test/client/export-model.test.ts covers every case without one.
  for (const name of ['lightning_mlp_regressor', 'egnn_model_with_everything', 'mean_var_egnn_model']) {
    const { predictions = {} } = cases[name] ?? {};
    assert.ok(Object.keys(predictions).length > 0, name);
    const table = (name.includes('mlp') ? rows : molecules) ?? {};
    const columns = await predict(t, join(directory, 'exported', name), toRows(table));
    for (const [column, expected] of Object.entries(predictions)) {
      const own = column.replace(/^.*?::/u, '');
      assertClose(columns[own] ?? [], expected, { tolerance: TOLERANCE, what: `${name} ${own}` });
    }
  }
});

test('weights that do not belong to the model_config.json beside them are refused with their names and shapes', async (t) => {
  const directory = await temporaryDirectory(t);
  await makeExportFixture(directory);
  const model = join(directory, 'exported/lightning_mlp_regressor');
  const document = readJson(join(model, 'model_config.json')) as { config: Record<string, unknown> };
  document.config['hidden_dim'] = 9;
  await writeFile(join(model, 'model_config.json'), JSON.stringify(document));
  await writeFile(join(directory, 'in.jsonl'), '{"a": 1, "b": 1, "c": [1, 1, 1]}\n');
  const job = { kind: 'predict', register: [], model, data: join(directory, 'in.jsonl'), backend: null, batchSize: 2 } as const;
  const outcome = await runJob({ ...job, out: join(directory, 'out.csv') });
  assert.ok(outcome.type === 'failed');
  assert.equal(outcome.code, 'CHECKPOINT_INVALID');
  assert.match(outcome.message, /module\.0\.weight: expected float32 \[9, 5\], received float32 \[8, 5\]/u);
});

/** Predictions by column, from a CSV that the trainer wrote. */
async function predict(
  t: TestContext,
  model: string,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<Readonly<Record<string, readonly number[]>>> {
  const directory = await temporaryDirectory(t);
  const [data, out] = [join(directory, 'in.jsonl'), join(directory, 'out.csv')];
  await writeFile(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const outcome = await runJob({ kind: 'predict', register: [], model, data, out, backend: null, batchSize: 5 });
  assert.deepEqual(outcome, { type: 'predicted', rows: rows.length });
  const [header = '', ...lines] = await readLines(out);
  return Object.fromEntries(header.split(',').map((name, at) => [name, lines.map((line) => Number(line.split(',')[at]))]));
}

function toRows(table: Readonly<Record<string, readonly unknown[]>>): readonly Readonly<Record<string, unknown>>[] {
  const count = Object.values(table)[0]?.length ?? 0;
  return Array.from({ length: count }, (_, row) => Object.fromEntries(Object.entries(table).map(([name, values]) => [name, values[row]])));
}
