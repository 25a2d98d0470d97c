import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import type { Ref } from '../../src/contracts/refs.ts';
import { checkDataUnchanged, materialiseData } from '../../src/data/materialise-data.ts';
import { readFooter } from '../../src/data/open-dataset.ts';
import { scanData } from '../../src/data/scan-data.ts';
import { assignSplit } from '../../src/data/split.ts';
import {
  createMemoryStore,
  failure,
  files,
  makeDirectory,
  openFeatures,
  readable,
  separate,
  splitOf,
  thirds,
  writeTable,
} from './data-fixtures.ts';

test('each blob has the digest and length that the scan foretold', async (t) => {
  const path = join(await makeDirectory(t), 'a.parquet');
  await writeTable(`SELECT 'r' || range AS id, range * 0.5 AS x1, [range, 7] AS x2, -range AS y FROM range(4000)`, path);
  const request = splitOf(files(path), { rowId: 'id' });
  const scanned = await scanData(request, { cacheDir: null });
  const store = createMemoryStore();
  const { facts, blobs } = await materialiseData(request, store.put);
  assert.deepEqual(facts, scanned);
  for (const [split, ref] of Object.entries(blobs)) {
    const { digest, byteLength } = scanned.splits[split as 'train'] ?? {};
    assert.deepEqual(ref, { digest, byteLength });
  }
  assert.deepEqual(Object.keys(blobs), ['train', 'validation', 'test']);
});

test('a dataset gives back values, targets and ids of exactly the rows of its split, in file order', async (t) => {
  const path = join(await makeDirectory(t), 'a.parquet');
  await writeTable(`SELECT 'r' || range AS id, range * 0.1 AS x1, [range, 7] AS x2, -range AS y FROM range(3000)`, path);
  const store = createMemoryStore();
  const { blobs } = await materialiseData(splitOf(files(path), { rowId: 'id', y: ['y', 'x1'] }), store.put);
  for (const split of ['train', 'validation', 'test'] as const) {
    const dataset = await openFeatures(readable(store.blobs.get(blobs[split]?.digest ?? '')));
    const expected = Array.from({ length: 3000 }, (_, row) => row).filter((row) => assignSplit(`r${row}`, thirds(0)) === split);
    assert.equal(dataset.rows, expected.length);
    assert.deepEqual([dataset.width, dataset.targetWidth], [3, 2]);
    assert.deepEqual(
      expected.map((_, index) => dataset.rowId(index)),
      expected.map((row) => `r${row}`),
    );
    assert.deepEqual(dataset.x, Float32Array.from(expected.flatMap((row) => [row / 10, row, 7])));
    assert.deepEqual(dataset.y, Float32Array.from(expected.flatMap((row) => [0 - row, row / 10])));
  }
});

test('class indices follow the sorted labels, and the blob says which labels they are', async (t) => {
  const path = join(await makeDirectory(t), 'a.csv');
  await writeTable(`SELECT range AS id, 1 AS x1, 2 AS x2, chr(99 - range::INT % 3) AS y FROM range(6)`, path);
  const store = createMemoryStore();
  const { blobs, facts } = await materialiseData(separate(files(path), { rowId: 'id', task: 'classification' }), store.put);
  const blob = readable(store.blobs.get(blobs.train?.digest ?? ''));
  const dataset = await openFeatures(blob);
  assert.deepEqual(facts.classes, ['a', 'b', 'c']);
  assert.deepEqual(dataset.y, Int32Array.from([2, 1, 0, 2, 1, 0]));
  assert.equal(dataset.targetWidth, 1);
  const footer = await readFooter(blob);
  assert.deepEqual(footer.format === 'rootstock-data' && footer.targets, {
    kind: 'classes',
    names: ['y'],
    dtype: 'int32',
    classes: ['a', 'b', 'c'],
  });
});

test('ids may be whole numbers beyond 2^53, text in any script, or the row number', async (t) => {
  const directory = await makeDirectory(t);
  const ids = async (select: string, rowId: string | null): Promise<readonly string[]> => {
    const path = join(directory, 'a.parquet');
    await writeTable(`SELECT ${select} AS id, 1 AS x1, 2 AS x2, 3 AS y FROM range(3)`, path);
    const store = createMemoryStore();
    const { blobs } = await materialiseData(separate(files(path), { rowId }), store.put);
    const dataset = await openFeatures(readable(store.blobs.get(blobs.train?.digest ?? '')));
    return [0, 1, 2].map((row) => dataset.rowId(row));
  };
  assert.deepEqual(await ids('9007199254740993 + range', 'id'), ['9007199254740993', '9007199254740994', '9007199254740995']);
  assert.deepEqual(await ids(`repeat('é木', range::INT) || range`, 'id'), ['0', 'é木1', 'é木é木2']);
  assert.deepEqual(await ids(`TIMESTAMP '2024-01-02 03:04:05' + to_days(range::INT)`, 'id'), [
    '2024-01-02 03:04:05',
    '2024-01-03 03:04:05',
    '2024-01-04 03:04:05',
  ]);
  assert.deepEqual(await ids('0', null), ['0', '1', '2']);
});

test('bad data found on the way makes every put fail, so that nothing is stored', async (t) => {
  const path = join(await makeDirectory(t), 'a.parquet');
  // Enough for several chunks to be on their way before the bad row.
  await writeTable(`SELECT range AS x1, CASE WHEN range = 399999 THEN NULL ELSE 1.0 END AS x2, 3 AS y FROM range(400000)`, path);
  const store = createMemoryStore();
  let started = 0;
  const put = (chunks: AsyncIterable<Uint8Array>): Promise<Ref> => {
    started++;
    return store.put(chunks);
  };
  const error = await failure(() => materialiseData(splitOf(files(path)), put));
  assert.equal(error.code, 'DATA_NOT_FINITE');
  assert.equal(started, 3);
  assert.equal(store.blobs.size, 0);
});

test('a store that fails is the error, whether at once or in the middle', async (t) => {
  const path = join(await makeDirectory(t), 'a.parquet');
  await writeTable('SELECT range AS x1, 2 AS x2, 3 AS y FROM range(600000)', path);
  const broken = async (chunks: AsyncIterable<Uint8Array>, after: number): Promise<Ref> => {
    let count = 0;
    if (after > 0) for await (const _ of chunks) if (++count === after) break;
    throw new Error(`disk full after ${count}`);
  };
  await assert.rejects(
    materialiseData(splitOf(files(path)), (chunks) => broken(chunks, 0)),
    { message: 'disk full after 0' },
  );
  await assert.rejects(
    materialiseData(splitOf(files(path)), (chunks) => broken(chunks, 2)),
    { message: 'disk full after 2' },
  );
});

test('data that changed since planning is DATA_CHANGED and names the split', async (t) => {
  const path = join(await makeDirectory(t), 'a.csv');
  await writeTable('SELECT range AS x1, 2 AS x2, 3 AS y FROM range(6)', path);
  const planned = await scanData(separate(files(path)), { cacheDir: null });
  checkDataUnchanged(planned, planned);
  await writeTable('SELECT range AS x1, 2 AS x2, 3 AS y FROM range(7)', path);
  const found = await scanData(separate(files(path)), { cacheDir: null });
  assert.throws(() => checkDataUnchanged(planned, found), { code: 'DATA_CHANGED', message: /train: planned 6 rows .* found 7 rows/ });
});
