import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { DataRequest } from '../../src/contracts/plan.ts';
import { scanData } from '../../src/data/scan-data.ts';
import { failure, files, makeDirectory, separate, splitOf, sql, writeTable } from './data-fixtures.ts';

const scan = (request: DataRequest) => failure(() => scanData(request, { cacheDir: null }));

async function table(t: TestContext, select: string, name = 'a.parquet'): Promise<string> {
  const path = join(await makeDirectory(t), name);
  await writeTable(select, path);
  return path;
}

async function textFile(t: TestContext, name: string, text: string): Promise<string> {
  const path = join(await makeDirectory(t), name);
  await writeFile(path, text);
  return path;
}

const GOOD = 'SELECT range AS id, 1.5 AS x1, 2.5 AS x2, 3.5 AS y FROM range(4)';

test('every missing file of every source is named at once, with the nearest name', async (t) => {
  const good = await table(t, GOOD, 'train.csv');
  const error = await scan(separate(files(good.replace('train', 'tran')), { test: files(`${good}/../*.parquet`) }));
  assert.equal(error.code, 'FILE_NOT_FOUND');
  assert.match(error.message, /data\.train: .*tran\.csv is not there \(did you mean "train\.csv"\?\)/);
  assert.match(error.message, /data\.test: no file matches .*\*\.parquet/);
});

test('a symbolic link in a circle is named for what it is, not as its own nearest name', async (t) => {
  const path = join(await makeDirectory(t), 'loop.csv');
  await symlink('loop.csv', path);
  assert.match((await scan(separate(files(path)))).message, /loop\.csv is a symbolic link that leads nowhere$/mu);
});

test('a directory, an unknown extension and a remote path are DATA_UNREADABLE and say what to do', async (t) => {
  const directory = await makeDirectory(t);
  await mkdir(join(directory, 'a.csv'));
  await writeFile(join(directory, 'a.xlsx'), 'x');
  for (const [path, expected] of [
    [join(directory, 'a.csv'), /is a directory; name a file or a glob/],
    [join(directory, 'a.xlsx'), /extension that is not known/],
    ['s3://bucket/a.parquet', /only local files/],
  ] as const) {
    const error = await scan(separate(files(path)));
    assert.equal(error.code, 'DATA_UNREADABLE');
    assert.match(error.message, expected);
  }
});

test('a file that is not what its extension says is DATA_UNREADABLE and named', async (t) => {
  for (const [name, text, expected] of [
    ['a.parquet', 'PAR1 but not really, this is only text', /a\.parquet/],
    ['a.jsonl', '{"x1": 1, "x2": 2, "y": 3}\n{"x1": \n', /a\.jsonl.*line 2|a\.jsonl.*byte/],
    ['a.csv', 'x1,x2,y\n1,2,3\n1,2\n', /Line: 3[\s\S]*Expected Number of Columns: 3 Found: 2/],
    ['b.csv', Buffer.from('x1,x2,y\n1,2,caf\xe9\n', 'latin1').toString('latin1'), /./],
  ] as const) {
    const path = join(await makeDirectory(t), name);
    await writeFile(path, text, name === 'b.csv' ? 'latin1' : 'utf8');
    const error = await scan(separate(files(path)));
    assert.equal(error.code, 'DATA_UNREADABLE', error.message);
    assert.match(error.message, expected);
    assert.ok(error.message.includes(path), error.message);
    assert.doesNotMatch(error.message, /LINE 1|Possible/);
  }
});

test('missing columns of all splits are named at once with the nearest names and the list of columns', async (t) => {
  const train = await table(t, 'SELECT 1.5 AS X1, 2.5 AS x2, 3.5 AS target FROM range(4)');
  const held = await table(t, 'SELECT 1.5 AS x1, 3.5 AS y FROM range(4)');
  const error = await scan(separate(files(train), { test: files(held), rowId: 'key' }));
  assert.equal(error.code, 'COLUMN_NOT_FOUND');
  const { problems } = error.details as { readonly problems: readonly { readonly where: string; readonly text: string }[] };
  assert.deepEqual(
    problems.map(({ where }) => where),
    ['x1', 'y', 'key'].map((name) => `data.train, column "${name}"`).concat(['x2', 'key'].map((name) => `data.test, column "${name}"`)),
  );
  assert.match(
    error.message,
    /x_features names a column that is not there \(did you mean "X1" or "x2"\?\)\. The columns are: X1, x2, target/,
  );
  assert.match(error.message, /row_id names a column/);
});

test('a column of the wrong type is COLUMN_TYPE and shows a value that is not a number', async (t) => {
  const path = await textFile(t, 'a.csv', 'id,x1,x2,y\n1,0.5,1,2\n2,NA,1,2\n');
  const error = await scan(separate(files(path)));
  assert.equal(error.code, 'COLUMN_TYPE');
  assert.match(error.message, /data\.train, column "x1": expected a number, or a list of numbers; received VARCHAR, for example "NA"/);
  const nested = await table(t, 'SELECT MAP([1], [1]) AS x1, {a: 1} AS x2, [1.5] AS y, 0.5 AS id FROM range(3)');
  assert.match(error.message, /Fix: convert the column in a sql source/);
  const several = await scan(separate(files(nested), { rowId: 'id' }));
  assert.match(
    several.message,
    /4 problems[\s\S]*"x1".*MAP\([\s\S]*"x2".*STRUCT[\s\S]*"y": expected one number per row[\s\S]*"id": expected a row id/,
  );
});

test('numbers with a decimal comma are told as such, with the way to convert them', async (t) => {
  const path = await textFile(t, 'a.csv', 'x1;x2;y\n1,5;0,25;1\n-2,5;0,5;2\n');
  const error = await scan(separate(files(path)));
  assert.equal(error.code, 'COLUMN_TYPE');
  assert.match(error.message, /"x1": expected a number.*for example "1,5", which looks like a number with a decimal comma/);
  assert.match(error.message, /Fix: write the numbers with a decimal point, or .*: CAST\(replace\(c, ',', '\.'\) AS DOUBLE\)\.$/);
});

test('the fix for a null is another one than that for NaN, and both are given where there are both', async (t) => {
  const nulls = await scan(separate(files(await textFile(t, 'a.csv', 'x1,x2,y\n1,,3\n1,2,3\n'))));
  assert.match(nulls.message, /"x2": row 0 .*received null\nFix: [^\n]*SELECT \* FROM t WHERE c IS NOT NULL\.$/);
  const lists = await scan(separate(files(await textFile(t, 'b.jsonl', '{"x1": [1, null], "x2": 1, "y": 1}\n'))));
  assert.match(lists.message, /received null at place 1 of the list\nFix: [^\n]*WHERE c IS NOT NULL\.$/);
  const both = await scan(separate(files(await textFile(t, 'c.csv', 'x1,x2,y\nnan,,3\n1.5,2.5,3\n'))));
  assert.match(both.message, /\nFix: [^\n]*isfinite\(c\); [^\n]*IS NOT NULL\.$/);
});

test('labels are whole numbers or text', async (t) => {
  const path = await table(t, 'SELECT range AS x1, 2 AS x2, range * 0.5 AS y FROM range(4)');
  const error = await scan(separate(files(path), { task: 'classification' }));
  assert.equal(error.code, 'COLUMN_TYPE');
  assert.match(error.message, /column "y": row 1 \(counting from 0\): expected a whole number .* received 0\.5; 2 rows in all/);
});

test('NaN, infinity, null and numbers beyond float32 are DATA_NOT_FINITE with row and column, all columns and splits at once', async (t) => {
  const value = (bad: string, row: number) => `CASE WHEN range = ${row} THEN ${bad} ELSE 1.0 END`;
  const train = await table(
    t,
    `SELECT 'm' || range AS id, ${value(`'nan'::DOUBLE`, 2100)} AS x1, ${value('NULL', 3)} AS x2, ${value('1e300', 7)} AS y FROM range(2200)`,
  );
  const held = await table(t, `SELECT 'm' || range AS id, ${value(`'-inf'::FLOAT`, 0)} AS x1, 1 AS x2, 1 AS y FROM range(3)`);
  const error = await scan(separate(files(train), { test: files(held), rowId: 'id' }));
  assert.equal(error.code, 'DATA_NOT_FINITE');
  assert.match(error.message, /4 problems/);
  assert.match(
    error.message,
    /data\.train, column "x1": row "m2100" \(number 2100 counting from 0\): expected a finite number, received NaN/,
  );
  assert.match(error.message, /data\.train, column "x2": row "m3" .*received null/);
  assert.match(error.message, /data\.train, column "y": row "m7" .*received 1e\+300, which is beyond float32/);
  assert.match(error.message, /data\.test, column "x1": row "m0" .*received -Infinity/);
});

test('a bad element, a null list and an empty list are DATA_NOT_FINITE; another length is COLUMN_RAGGED', async (t) => {
  const path = await textFile(
    t,
    'a.jsonl',
    ['[1, 2]', '[3, null]', 'null', '[]', '[1, 2, 3]', '[4]'].map((list) => `{"x1": ${list}, "x2": 1, "y": 2}`).join('\n'),
  );
  const error = await scan(separate(files(path)));
  assert.equal(error.code, 'COLUMN_RAGGED');
  assert.match(error.message, /column "x1": row 4 .*expected 2 values as in the first row, received 3; 2 rows in all/);
  assert.match(error.message, /column "x1": row 1 .*received null at place 1 of the list; 3 rows in all/);
});

test('lists of another length in another split are COLUMN_RAGGED', async (t) => {
  const train = await table(t, 'SELECT [1, 2] AS x1, 2 AS x2, 3 AS y FROM range(3)');
  const held = await table(t, 'SELECT [1, 2, 3] AS x1, 2 AS x2, 3 AS y FROM range(3)');
  const error = await scan(separate(files(train), { test: files(held) }));
  assert.equal(error.code, 'COLUMN_RAGGED');
  assert.match(error.message, /data\.test, column "x1": row 0 .*expected 2 values .* received 3; 3 rows in all/);
});

test('no rows in a file or in a split is DATA_EMPTY', async (t) => {
  const none = await scan(separate(files(await textFile(t, 'a.csv', 'x1,x2,y\n'))));
  assert.equal(none.code, 'DATA_EMPTY');
  assert.match(none.message, /data\.train: has no rows/);
  assert.equal((await scan(separate(files(await table(t, `${GOOD} LIMIT 0`))))).code, 'DATA_EMPTY');
  const few = await table(t, 'SELECT 1.5 AS x1, 2.5 AS x2, 3.5 AS y FROM range(1)');
  const split = await scan(splitOf(files(few)));
  assert.equal(split.code, 'DATA_EMPTY');
  assert.match(split.message, /2 problems/);
});

test('a label outside the classes is LABEL_OUT_OF_RANGE with label, split, row and the classes', async (t) => {
  const train = await table(t, 'SELECT range AS id, 1 AS x1, 2 AS x2, range % 3 AS y FROM range(9)');
  const held = await table(t, 'SELECT 700 + range AS id, 1 AS x1, 2 AS x2, range + 1 AS y FROM range(4)');
  const request = { rowId: 'id', task: 'classification' } as const;
  const error = await scan(separate(files(train), { ...request, test: files(held) }));
  assert.equal(error.code, 'LABEL_OUT_OF_RANGE');
  assert.match(
    error.message,
    /data\.test, column "y": label 3 is not one of the labels of the training split: 0, 1, 2; one row has it: row "702" \(number 2\)/,
  );
  assert.match(error.message, /label 4 is not one of/);
  const given = await scan(separate(files(train), { ...request, classes: ['0', '1', '2'] }));
  assert.match(
    given.message,
    /data\.train, column "y": label 0 is not one of model\.config\.classes: "0", "1", "2"; "0" is text, the label is not; 3 rows have it/,
  );
});

test('a repeated row id is ROW_ID_DUPLICATE, in files and in queries', async (t) => {
  const path = await table(t, 'SELECT range % 5 AS id, 1.5 AS x1, 2.5 AS x2, 3.5 AS y FROM range(7)');
  for (const source of [files(path), sql('SELECT * FROM rows', { rows: path })]) {
    const error = await scan(separate(source, { rowId: 'id' }));
    assert.equal(error.code, 'ROW_ID_DUPLICATE');
    assert.match(error.message, /data\.train, column "id": these ids name more than one row: "0" \(2 rows\), "1" \(2 rows\)/);
  }
});

test('a row without an id is named', async (t) => {
  const path = await table(t, 'SELECT nullif(range, 2) AS id, 1.5 AS x1, 2.5 AS x2, 3.5 AS y FROM range(4)');
  const error = await scan(separate(files(path), { rowId: 'id' }));
  assert.equal(error.code, 'DATA_NOT_FINITE');
  assert.match(error.message, /column "id": row 2 \(counting from 0\): the row id is missing/);
  assert.match(error.message, /\nFix: give every row an id, or leave row_id out: the row number serves then\.$/);
});

test('a query without row_id is refused', async (t) => {
  const path = await table(t, GOOD);
  const error = await scan(separate(sql('SELECT * FROM rows', { rows: path }, null)));
  assert.equal(error.code, 'SQL_INVALID');
  assert.match(error.message, /a sql source needs row_id/);
});
