import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { type FeaturePredictBatch, openPredictData, type PredictDataInput } from '../../src/data/predict-data.ts';
import { failure, makeDirectory, writeTable } from './data-fixtures.ts';

async function readAll(
  t: TestContext,
  input: Partial<PredictDataInput> & { readonly path: string },
): Promise<readonly FeaturePredictBatch[]> {
  const data = await openPredictData({ rowId: null, x: ['x1', 'x2'], expectedWidth: 3, batchSize: 1000, ...input });
  t.after(() => data.close());
  const batches: FeaturePredictBatch[] = [];
  for await (const batch of data.batches()) if (batch.kind === 'features') batches.push(batch);
  return batches;
}

test('batches come in file order, all of one size but the last, without any label column', async (t) => {
  const path = join(await makeDirectory(t), 'a.parquet');
  await writeTable(`SELECT 'r' || (9 * range % 5000) AS id, range AS x1, [range, 0.5] AS x2 FROM range(5000)`, path);
  const batches = await readAll(t, { path, rowId: 'id', batchSize: 1500 });
  assert.deepEqual(
    batches.map(({ rows, firstRow }) => [firstRow, rows]),
    [
      [0, 1500],
      [1500, 1500],
      [3000, 1500],
      [4500, 500],
    ],
  );
  const rows = Array.from({ length: 5000 }, (_, row) => row);
  assert.deepEqual(
    batches.flatMap(({ rowIds }) => rowIds),
    rows.map((row) => `r${(9 * row) % 5000}`),
  );
  assert.deepEqual(
    batches.flatMap(({ x }) => [...x]),
    rows.flatMap((row) => [row, row, 0.5]),
  );
});

test('a batch size beyond one block of 2048 rows, and one of 1, lose no row', async (t) => {
  const path = join(await makeDirectory(t), 'a.csv');
  await writeTable('SELECT range AS x1, 2 AS x2, 3 AS x3 FROM range(4100)', path);
  const x = ['x1', 'x2', 'x3'];
  const large = await readAll(t, { path, x, batchSize: 4099 });
  assert.deepEqual(
    large.map(({ rows }) => rows),
    [4099, 1],
  );
  const single = await readAll(t, { path, x, batchSize: 1 });
  assert.equal(single.length, 4100);
  assert.deepEqual([single.at(-1)?.x[0], single.at(-1)?.rowIds], [4099, ['4099']]);
});

test('a missing column is COLUMN_NOT_FOUND with the list, a missing file FILE_NOT_FOUND', async (t) => {
  const path = join(await makeDirectory(t), 'a.csv');
  await writeTable('SELECT 1 AS x1, 2 AS x_2 FROM range(3)', path);
  const error = await failure(() => readAll(t, { path }));
  assert.equal(error.code, 'COLUMN_NOT_FOUND');
  assert.match(error.message, /"x2": x_features names a column .*did you mean "x1" or "x_2"\?\)\. The columns are: x1, x_2/);
  assert.equal((await failure(() => readAll(t, { path: `${path}.csv` }))).code, 'FILE_NOT_FOUND');
});

test('a value that is not finite is DATA_NOT_FINITE and names the row', async (t) => {
  const path = join(await makeDirectory(t), 'a.csv');
  await writeFile(path, 'id,x1,x2,x3\na,1,2,3\nb,1,,3\n');
  const error = await failure(() => readAll(t, { path, x: ['x1', 'x2', 'x3'], rowId: 'id' }));
  assert.equal(error.code, 'DATA_NOT_FINITE');
  assert.match(error.message, /column "x2": row "b" \(number 1 counting from 0\): expected a finite number, received null/);
});

test('rows of another width than the model takes are SHAPE_MISMATCH, no rows are DATA_EMPTY', async (t) => {
  const path = join(await makeDirectory(t), 'a.parquet');
  await writeTable('SELECT 1 AS x1, [1, 2, 3] AS x2 FROM range(3)', path);
  const error = await failure(() => readAll(t, { path }));
  assert.equal(error.code, 'SHAPE_MISMATCH');
  assert.match(error.message, /expected 3 values per row, received 4: x1 \(1\), x2 \(3\)/);
  await writeTable('SELECT 1 AS x1, [1, 2] AS x2 FROM range(0)', path);
  assert.equal((await failure(() => readAll(t, { path }))).code, 'DATA_EMPTY');
});
