import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { scanData } from '../../src/data/scan-data.ts';
import { files, makeDirectory, separate, splitOf, sql, thirds, writeTable } from './data-fixtures.ts';

const UNCACHED = { cacheDir: null };
const SAMPLE = `SELECT 'r' || range AS id, range * 0.1::DOUBLE AS x1, (range % 7)::BIGINT AS x2, [range::DOUBLE, 0.5] AS pair,
  sin(range) AS y, range % 3 = 0 AS flag FROM range(5000)`;

test('equal values have one digest whatever format they come from', async (t) => {
  const directory = await makeDirectory(t);
  const paths = ['a.parquet', 'a.jsonl', 'a.json', 'a.csv'].map((name) => join(directory, name));
  await writeTable(SAMPLE, ...paths.slice(0, 3));
  await writeTable(SAMPLE.replace('[range::DOUBLE, 0.5] AS pair,', ''), ...paths.slice(3));
  await writeFile(join(directory, 'a.csv.gz'), gzipSync(await readFile(join(directory, 'a.csv'))));
  const digestOf = async (path: string, x: readonly string[]): Promise<string | undefined> =>
    (await scanData(separate(files(path), { x, rowId: 'id' }), UNCACHED)).splits.train?.digest;
  const withLists = await Promise.all(paths.slice(0, 3).map((path) => digestOf(path, ['x1', 'pair', 'flag'])));
  assert.equal(new Set(withLists).size, 1);
  const scalars = await Promise.all([...paths, join(directory, 'a.csv.gz')].map((path) => digestOf(path, ['x1', 'x2', 'flag'])));
  assert.equal(new Set(scalars).size, 1);
  assert.notEqual(scalars[0], withLists[0]);
});

test('one thread or two give the same bytes, for files and for queries', async (t) => {
  const directory = await makeDirectory(t);
  const paths = ['a', 'b'].map((name) => join(directory, `${name}.parquet`));
  // More rows than one row group of 122880, so that two threads have something to share.
  for (const path of paths) await writeTable('SELECT range AS id, random() AS x1, range AS x2, random() AS y FROM range(150000)', path);
  const digests = async (threads: number): Promise<readonly unknown[]> => {
    const byFile = await scanData(splitOf(files(join(directory, '*.parquet'))), { ...UNCACHED, threads });
    const query = sql(
      `SELECT id % 1000 AS id, sum(x1) AS x1, first(x2) AS x2, current_setting('threads')::INTEGER AS y FROM rows GROUP BY ALL`,
      {
        rows: join(directory, '*.parquet'),
      },
    );
    return [byFile.splits, (await scanData(separate(query), { ...UNCACHED, threads })).splits];
  };
  const [one, two, twoAgain] = [await digests(1), await digests(2), await digests(2)];
  assert.deepEqual(two, one);
  assert.deepEqual(twoAgain, one);
});

test('a changed value, another column order or another name changes the digest; an unused column does not', async (t) => {
  const path = join(await makeDirectory(t), 'a.csv');
  const digestOf = async (select: string, x: readonly string[]): Promise<string | undefined> => {
    await writeTable(select, path);
    return (await scanData(separate(files(path), { x }), UNCACHED)).splits.train?.digest;
  };
  const base = await digestOf('SELECT range AS x1, 2 AS x2, 3.5 AS y FROM range(5)', ['x1', 'x2']);
  assert.equal(await digestOf(`SELECT 'text' AS other, range AS x1, 2 AS x2, 3.5 AS y FROM range(5)`, ['x1', 'x2']), base);
  assert.notEqual(await digestOf('SELECT range AS x1, 2.000001 AS x2, 3.5 AS y FROM range(5)', ['x1', 'x2']), base);
  assert.notEqual(await digestOf('SELECT range AS x1, 2 AS x2, 3.5 AS y FROM range(5)', ['x2', 'x1']), base);
  assert.notEqual(await digestOf('SELECT range AS x1, 2 AS x3, 3.5 AS y FROM range(5)', ['x1', 'x3']), base);
});

test('facts say rows, widths and classes; classes are the sorted labels of the training split', async (t) => {
  const directory = await makeDirectory(t);
  const path = join(directory, 'a.parquet');
  await writeTable('SELECT range AS id, [1, 2, 3]::FLOAT[3] AS pixels, true AS x2, 10 - range % 3 AS y FROM range(100)', path);
  const request = splitOf(files(path), { x: ['pixels', 'x2'], rowId: 'id', task: 'classification' });
  const facts = await scanData(request, UNCACHED);
  assert.deepEqual(facts.xWidths, { pixels: 3, x2: 1 });
  assert.deepEqual(facts.classes, [8, 9, 10]);
  assert.deepEqual(Object.keys(facts.splits), ['train', 'validation', 'test']);
  assert.equal(
    Object.values(facts.splits).reduce((sum, { rows }) => sum + rows, 0),
    100,
  );
  await writeTable(`SELECT 1 AS x1, 2 AS x2, chr(100 - range::INT % 3) AS y FROM range(6)`, path);
  const text = await scanData(separate(files(path), { task: 'classification' }), UNCACHED);
  assert.deepEqual(text.classes, ['b', 'c', 'd']);
  const given = await scanData(separate(files(path), { task: 'classification', classes: ['d', 'a', 'b', 'c'] }), UNCACHED);
  assert.deepEqual(given.classes, ['d', 'a', 'b', 'c']);
});

test('more rows at the end of a file move no row to another split', async (t) => {
  const path = join(await makeDirectory(t), 'a.csv');
  await writeTable('SELECT range AS id, 1.5 AS x1, 2 AS x2, 3.5 AS y FROM range(300)', path);
  const few = await scanData(splitOf(files(path), { rowId: 'id' }), UNCACHED);
  await appendFile(path, Array.from({ length: 200 }, (_, row) => `${row + 300},1.5,2,3.5\n`).join(''));
  const many = await scanData(splitOf(files(path), { rowId: 'id' }), UNCACHED);
  const onlyMore = await scanData(splitOf(sql('SELECT * FROM rows WHERE id >= 300', { rows: path }), { rowId: 'id' }), UNCACHED);
  for (const split of ['train', 'validation', 'test'] as const) {
    assert.equal((few.splits[split]?.rows ?? 0) + (onlyMore.splits[split]?.rows ?? 0), many.splits[split]?.rows);
  }
});

test('a query is sorted by row id, files keep their order', async (t) => {
  const path = join(await makeDirectory(t), 'a.csv');
  const request = (order: string) => separate(sql(`SELECT * FROM rows ORDER BY ${order}`, { rows: path }));
  await writeTable('SELECT range AS id, range * 2 AS x1, 2 AS x2, 3.5 AS y FROM range(50)', path);
  const up = await scanData(request('id'), UNCACHED);
  assert.deepEqual((await scanData(request('id DESC'), UNCACHED)).splits, up.splits);
  assert.deepEqual((await scanData(separate(files(path), { rowId: 'id' }), UNCACHED)).splits, up.splits);
  await writeTable('SELECT 49 - range AS id, (49 - range) * 2 AS x1, 2 AS x2, 3.5 AS y FROM range(50)', path);
  assert.notDeepEqual((await scanData(separate(files(path), { rowId: 'id' }), UNCACHED)).splits, up.splits);
});

test('a query sees the base name of the file that each row came from', async (t) => {
  const directory = await makeDirectory(t);
  for (const digit of [3, 4]) await writeTable(`SELECT range AS n FROM range(${digit})`, join(directory, `${digit}.csv`));
  const query = sql(`SELECT file || '/' || n AS id, n AS x1, n AS x2, file[1]::INTEGER AS y FROM digits`, {
    digits: join(directory, '*.csv'),
  });
  const facts = await scanData(separate(query, { task: 'classification' }), UNCACHED);
  assert.deepEqual([facts.classes, facts.splits.train?.rows], [[3, 4], 7]);
});

test('whole numbers that float32 rounds are warned about, reals are not', async (t) => {
  const path = join(await makeDirectory(t), 'a.csv');
  await writeTable('SELECT 16777217 AS x1, 0.1 AS x2, 16777216 AS y FROM range(5)', path);
  const { warnings } = await scanData(separate(files(path)), UNCACHED);
  assert.equal(warnings?.length, 1);
  assert.match(warnings?.[0] ?? '', /data\.train, column "x1": whole numbers such as 16777217 are rounded/);
});

test('several files are matched by column name, and names with glob characters are taken literally', async (t) => {
  const directory = await makeDirectory(t);
  await writeTable('SELECT 1.5 AS x1, 2.5 AS x2, 3.5 AS y FROM range(2)', join(directory, 'a.csv'));
  await writeTable('SELECT 3.5 AS y, 2.5 AS x2, 1.5 AS x1 FROM range(3)', join(directory, 'b.csv'));
  await writeTable('SELECT 1.5 AS x1, 2.5 AS x2, 3.5 AS y FROM range(5)', join(directory, 'joined.csv'));
  await writeTable('SELECT 1.5 AS x1, 2.5 AS x2, 3.5 AS y FROM range(5)', join(directory, "it's [b*] x.csv"));
  await writeTable('SELECT 1.5 AS x1, 2.5 AS x2, 3.5 AS y FROM range(5)', join(directory, 'j*.csv'));
  const splits = async (path: string): Promise<unknown> => (await scanData(separate(files(join(directory, path))), UNCACHED)).splits;
  assert.deepEqual(await splits('[ab].csv'), await splits('joined.csv'));
  assert.deepEqual(await splits("it's [b*] x.csv"), await splits('joined.csv'));
  assert.deepEqual(await splits('j*.csv'), await splits('joined.csv'));
});

test('progress counts the rows of each source', async (t) => {
  const path = join(await makeDirectory(t), 'a.parquet');
  await writeTable('SELECT range AS x1, 2 AS x2, 3.5 AS y FROM range(5000)', path);
  const seen: string[] = [];
  await scanData(separate(files(path), { test: files(path) }), {
    ...UNCACHED,
    onProgress: ({ source, rows }) => seen.push(`${source} ${rows}`),
  });
  assert.equal(seen.filter((line) => line === 'data.train 5000' || line === 'data.test 5000').length, 2);
  assert.ok(seen.indexOf('data.train 5000') < seen.indexOf('data.test 5000'));
});

test('an aborted signal stops the scan with CANCELLED', async (t) => {
  const path = join(await makeDirectory(t), 'a.csv');
  await writeTable('SELECT range AS id, 1.5 AS x1, 2 AS x2, 3.5 AS y FROM range(10)', path);
  const slow = `SELECT id, (SELECT sum(sin(a.range + b.range + id)) FROM range(100000) a, range(100000) b) AS x1, x2, y FROM rows`;
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 200);
  const scan = scanData(separate(sql(slow, { rows: path })), { ...UNCACHED, signal: controller.signal });
  await assert.rejects(scan, { code: 'CANCELLED' });
});

test('another split seed gives other splits of the same rows', async (t) => {
  const path = join(await makeDirectory(t), 'a.csv');
  await writeTable('SELECT range AS x1, 2 AS x2, 3.5 AS y FROM range(200)', path);
  const splits = async (seed: number): Promise<unknown> => (await scanData(splitOf(files(path), { split: thirds(seed) }), UNCACHED)).splits;
  assert.deepEqual(await splits(1), await splits(1));
  assert.notDeepEqual(await splits(1), await splits(2));
});

test('a column is real when only its last value is, however many rows come before', async (t) => {
  const directory = await makeDirectory(t);
  const write = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text);
  // DuckDB samples 20480 rows unless told otherwise.
  await write('one.csv', `x1,x2,y\n${'1,2,3\n'.repeat(30_000)}0.5,2,3\n`);
  await write('one.jsonl', `${'{"x1": 1, "x2": 2, "y": 3}\n'.repeat(30_000)}{"x1": 0.5, "x2": 2, "y": 3}\n`);
  await write('two-a.csv', `x1,x2,y\n${'1,2,3\n'.repeat(10)}`);
  await write('two-b.csv', `x1,x2,y\n${'1,2,3\n'.repeat(29_990)}0.5,2,3\n`);
  const digests: (string | undefined)[] = [];
  for (const name of ['one.csv', 'one.jsonl', 'two-*.csv']) {
    digests.push((await scanData(separate(files(join(directory, name))), UNCACHED)).splits.train?.digest);
  }
  assert.equal(new Set(digests).size, 1);
});
