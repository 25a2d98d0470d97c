import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { openPredictData } from '../../src/data/predict-data.ts';
import { scanData } from '../../src/data/scan-data.ts';
import { failure, files, makeDirectory, separate, sql } from './data-fixtures.ts';
import { COLUMNS, molecules, NEIGHBOURS } from './graphs/molecule-fixtures.ts';

async function write(t: TestContext, name: string, content: string): Promise<string> {
  const path = join(await makeDirectory(t), name);
  await writeFile(path, content);
  return path;
}

const EMPTY = [
  ['a.csv', '', 'is empty (0 bytes)'],
  ['a.csv', 'x1,x2,y\n', 'has a header line and nothing after it'],
  ['a.csv', 'other,names\n', 'has a header line and nothing after it'],
  ['a.jsonl', '', 'is empty (0 bytes)'],
  ['a.jsonl', '\n\n', 'holds no JSON object'],
  ['a.json', '[]', 'holds no JSON object'],
  ['a.sdf', '', 'is empty (0 bytes)'],
  ['a.sdf', '\n\n', 'holds no molecule'],
] as const;

/** Makes every column of the molecules from the column "mol". */
const FEATURISATION = {
  version: 2,
  config: [
    {
      column: 'mol',
      representations: [{ name: 'physicsml_features', as: '{feature_name}', config: { backend: 'rdkit' } }],
    },
  ],
};
const PROVIDED = { atomNumbers: 'physicsml_atom_numbers', coordinates: 'physicsml_coordinates' };

test('a file without rows is DATA_EMPTY and named with what it holds, to a run and to a prediction', async (t) => {
  for (const [name, content, what] of EMPTY) {
    const path = await write(t, name, content);
    const predict = async () => {
      const data = await openPredictData({ path, rowId: null, x: ['x1'], expectedWidth: 1, batchSize: 4 });
      t.after(() => data.close());
      for await (const batch of data.batches()) assert.fail(`a batch of ${batch.rows}`);
    };
    for (const work of [() => scanData(separate(files(path)), { cacheDir: null }), predict]) {
      const error = await failure(work);
      assert.equal(error.code, 'DATA_EMPTY', error.message);
      assert.ok(error.message.includes(`has no rows: ${path} ${what}\nFix: check the path, and what wrote the file.`), error.message);
    }
  }
});

test('a file without molecules is DATA_EMPTY where the featurisation would make the columns, not a missing column', async (t) => {
  for (const [name, content] of EMPTY) {
    const path = await write(t, name, content);
    const run = await failure(() => scanData(molecules(path, PROVIDED, { featurisation: FEATURISATION }), { cacheDir: null }));
    assert.equal(run.code, 'DATA_EMPTY', run.message);
    assert.ok(run.message.includes(path), run.message);
    const wanted = {
      columns: { ...COLUMNS, ...PROVIDED },
      neighbours: NEIGHBOURS,
      featurisation: FEATURISATION,
      facts: { nodeAttrWidth: 5, edgeAttrWidth: 0, graphAttrWidth: 0 },
      mostEdges: 1e6,
    };
    const predict = await failure(async () => {
      const data = await openPredictData({ path, rowId: null, x: [], molecules: wanted, expectedWidth: 0, batchSize: 4 });
      t.after(() => data.close());
      for await (const batch of data.batches()) assert.fail(`a batch of ${batch.rows}`);
    });
    assert.equal(predict.code, 'DATA_EMPTY');
    assert.ok(predict.message.includes(path), predict.message);
  }
});

test('a query that fails on the columns of a file without rows names the file', async (t) => {
  const rows = await write(t, 'a.csv', '');
  const error = await failure(() => scanData(separate(sql('SELECT id, x1, x2, y FROM rows', { rows })), { cacheDir: null }));
  assert.equal(error.code, 'DATA_EMPTY');
  assert.ok(error.message.includes(`data.train.files.rows: has no rows: ${rows} is empty (0 bytes). So the query cannot be run: Binder`));
  const full = await write(t, 'b.csv', 'id,x1,x2,y\n1,2,3,4\n');
  const wrong = await failure(() => scanData(separate(sql('SELECT nosuch FROM rows', { rows: full })), { cacheDir: null }));
  assert.equal(wrong.code, 'SQL_INVALID');
});

test('a file without rows may serve a query that has rows all the same', async (t) => {
  const rows = await write(t, 'a.csv', 'id,x1,x2,y\n1,2,3,4\n');
  const leftOut = await write(t, 'b.csv', 'id\n');
  const query = 'SELECT * FROM rows WHERE id NOT IN (SELECT CAST(id AS BIGINT) FROM left_out)';
  const facts = await scanData(separate(sql(query, { rows, left_out: leftOut })), { cacheDir: null });
  assert.equal(facts.splits.train?.rows, 1);
});
