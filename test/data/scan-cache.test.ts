import assert from 'node:assert/strict';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import type { DataRequest } from '../../src/contracts/plan.ts';
import { scanData } from '../../src/data/scan-data.ts';
import { failure, files, makeDirectory, separate, sql, writeTable } from './data-fixtures.ts';

/** Whether a scan read the data (progress is reported) or took the facts from the cache. */
async function scan(request: DataRequest, cacheDir: string): Promise<{ readonly facts: unknown; readonly hit: boolean }> {
  let hit = true;
  const onProgress = (): void => {
    hit = false;
  };
  return { facts: await scanData(request, { cacheDir, onProgress }), hit };
}

test('the second scan of unchanged files reads nothing and finds the same', async (t) => {
  const directory = await makeDirectory(t);
  const path = join(directory, 'a.csv');
  await writeTable('SELECT range AS id, 1.5 AS x1, 2 AS x2, 3.5 AS y FROM range(9)', path);
  for (const request of [separate(files(path)), separate(sql('FROM rows', { rows: path }))]) {
    const first = await scan(request, join(directory, 'cache'));
    const second = await scan(request, join(directory, 'cache'));
    assert.deepEqual([first.hit, second.hit], [false, true]);
    assert.deepEqual(second.facts, first.facts);
  }
});

test('another request, another time of change or another file content is read again', async (t) => {
  const directory = await makeDirectory(t);
  const [path, cache] = [join(directory, 'a.csv'), join(directory, 'cache')];
  await writeTable('SELECT range AS id, 1.5 AS x1, 2 AS x2, 3.5 AS y FROM range(9)', path);
  await scan(separate(files(path)), cache);
  assert.equal((await scan(separate(files(path), { x: ['x1'] }), cache)).hit, false);
  await utimes(path, 1, 1);
  assert.equal((await scan(separate(files(path)), cache)).hit, false);
  await writeFile(path, 'id,x1,x2,y\n1,2,3,4\n');
  await utimes(path, 1, 1);
  const changed = await scan(separate(files(path)), cache);
  assert.equal(changed.hit, false);
  assert.deepEqual((await scan(separate(files(path)), cache)).facts, changed.facts);
});

test('a new file that a glob matches is noticed', async (t) => {
  const directory = await makeDirectory(t);
  const cache = join(directory, 'cache');
  const request = separate(files(join(directory, '*.csv')));
  await writeTable('SELECT 1.5 AS x1, 2 AS x2, 3.5 AS y FROM range(9)', join(directory, 'a.csv'));
  await scan(request, cache);
  await writeTable('SELECT 1.5 AS x1, 2 AS x2, 3.5 AS y FROM range(9)', join(directory, 'b.csv'));
  assert.equal((await scan(request, cache)).hit, false);
});

test('a damaged cache file is ignored and replaced', async (t) => {
  const directory = await makeDirectory(t);
  const [path, cache] = [join(directory, 'a.csv'), join(directory, 'cache')];
  await writeTable('SELECT 1.5 AS x1, 2 AS x2, 3.5 AS y FROM range(9)', path);
  const { facts } = await scan(separate(files(path)), cache);
  const [name = ''] = await readdir(cache);
  const text = await readFile(join(cache, name), 'utf8');
  for (const damaged of ['', text.slice(0, 80), text.replace('"rows":9', '"rows":8'), '{}']) {
    await writeFile(join(cache, name), damaged);
    const again = await scan(separate(files(path)), cache);
    assert.equal(again.hit, false);
    assert.deepEqual(again.facts, facts);
    assert.equal(await readFile(join(cache, name), 'utf8'), text);
  }
});

test('errors are not cached, and nothing is written for them', async (t) => {
  const directory = await makeDirectory(t);
  const [path, cache] = [join(directory, 'a.csv'), join(directory, 'cache')];
  await writeFile(path, 'x1,x2,y\n1,2,nan\n');
  await failure(() => scan(separate(files(path)), cache));
  await assert.rejects(readdir(cache), { code: 'ENOENT' });
});

test('a cache directory that cannot be made is STORE_IO', async (t) => {
  const directory = await makeDirectory(t);
  const path = join(directory, 'a.csv');
  await writeTable('SELECT 1.5 AS x1, 2 AS x2, 3.5 AS y FROM range(9)', path);
  assert.equal((await failure(() => scan(separate(files(path)), path))).code, 'STORE_IO');
});
