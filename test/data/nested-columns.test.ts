import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { materialiseData } from '../../src/data/materialise-data.ts';
import { scanData } from '../../src/data/scan-data.ts';
import { createMemoryStore, failure, files, makeDirectory, openFeatures, readable, separate, writeTable } from './data-fixtures.ts';

test('lists of lists of one shape are read row-major, the same from parquet and JSONL', async (t) => {
  const directory = await makeDirectory(t);
  const [parquet, jsonl] = [join(directory, 'a.parquet'), join(directory, 'a.jsonl')];
  await writeTable('SELECT range AS x1, [[range, 1, 2], [3, 4, 5 + range]] AS x2, range AS y FROM range(3)', parquet, jsonl);
  const store = createMemoryStore();
  const { facts, blobs } = await materialiseData(separate(files(parquet)), store.put);
  assert.deepEqual(facts.xWidths, { x1: 1, x2: 6 });
  const dataset = await openFeatures(readable(store.blobs.get(blobs.train?.digest ?? '')));
  assert.deepEqual([...dataset.x].slice(7, 14), [1, 1, 1, 2, 3, 4, 6]);
  const again = await scanData(separate(files(jsonl)), { cacheDir: null });
  assert.equal(again.splits.train?.digest, facts.splits.train?.digest);
});

test('lists of lists of another shape, or with a null, name the row', async (t) => {
  const path = join(await makeDirectory(t), 'a.jsonl');
  const lists = ['[[1, 2], [3, 4], [5, 6]]', '[[1, 2, 3], [4, 5, 6]]', '[[1, 2], [3], [4, 5, 6]]', '[[1, 2], [3, null], [4, 5]]'];
  await writeFile(path, lists.map((list, row) => `{"x1": ${row}, "x2": ${list}, "y": 0}\n`).join(''));
  const error = await failure(() => scanData(separate(files(path)), { cacheDir: null }));
  assert.equal(error.code, 'COLUMN_RAGGED');
  assert.match(error.message, /row 1 .*: expected lists of shape \[3, 2\] as in the first row, received \[2, 3\]; 2 rows in all/);
  assert.match(error.message, /row 3 .*: expected a finite number, received null at place 3 of the list/);
});
