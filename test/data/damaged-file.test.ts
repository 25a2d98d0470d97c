import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { scanData } from '../../src/data/scan-data.ts';
import type { RootstockError } from '../../src/errors.ts';
import { failure, files, makeDirectory, separate, sql, writeTable } from './data-fixtures.ts';

const GOOD_LINE = '{"x1": 1, "x2": 2, "y": 3}\n';
const CSV = 'x1,x2,y\n1,2,3\n';
const ANEW = /Fix: write the file anew, or fetch it again/;
const EXTENSION = /Fix: data files are .*: give the file the extension of what it holds\./;
const UTF_8 = /Fix: save the file as UTF-8, for example: iconv -f UTF-16/;

async function errorOf(t: TestContext, name: string, content: string | Uint8Array): Promise<RootstockError> {
  const path = join(await makeDirectory(t), name);
  await writeFile(path, content);
  const error = await failure(() => scanData(separate(files(path)), { cacheDir: null }));
  assert.equal(error.code, 'DATA_UNREADABLE', error.message);
  assert.ok(error.message.includes(path), error.message);
  return error;
}

async function parquetBytes(t: TestContext): Promise<Buffer> {
  const path = join(await makeDirectory(t), 'good.parquet');
  await writeTable('SELECT range AS x1, 2 * range AS x2, 3 * range AS y FROM range(5000)', path);
  return readFile(path);
}

test('a parquet file that was cut off, or whose pages are damaged, has to be written anew', async (t) => {
  const bytes = await parquetBytes(t);
  const cut = await errorOf(t, 'a.parquet', bytes.subarray(0, bytes.length / 2));
  assert.match(cut.message, /the file was cut off: it begins as a parquet file does, and does not end as one/);
  const hole = Buffer.from(bytes).fill(0xff, 40, 600);
  for (const error of [cut, await errorOf(t, 'a.parquet', hole), await errorOf(t, 'a.parquet', '')]) assert.match(error.message, ANEW);
});

test('a damaged parquet file in a query is DATA_UNREADABLE, not a fault of the query', async (t) => {
  const path = join(await makeDirectory(t), 'a.parquet');
  await writeFile(path, (await parquetBytes(t)).fill(0xff, 40, 600));
  const source = sql('SELECT x1 AS id, x1, x2, y FROM rows', { rows: path });
  const error = await failure(() => scanData(separate(source, { rowId: 'id' }), { cacheDir: null }));
  assert.equal(error.code, 'DATA_UNREADABLE');
  assert.ok(error.message.includes(path), error.message);
  assert.match(error.message, ANEW);
});

test('a file that is something else than its extension says has to get another extension', async (t) => {
  const parquet = await errorOf(t, 'a.parquet', CSV);
  assert.match(parquet.message, /this is not a parquet file: it does not begin with PAR1/);
  assert.match(parquet.message, EXTENSION);
  const jsonl = await errorOf(t, 'a.jsonl', CSV);
  assert.match(jsonl.message, /line 1 is not JSON: "x1,x2,y"/);
  assert.match(jsonl.message, EXTENSION);
});

test('a damaged line of JSON is named by its own number, however far down it is', async (t) => {
  for (const lines of [1, 30_000]) {
    const { message } = await errorOf(t, 'a.jsonl', `${GOOD_LINE.repeat(lines)}{"x1": 1, "x2" 2}\n${GOOD_LINE}`);
    assert.match(message, new RegExp(`line ${lines + 1} is not JSON: "\\{\\\\"x1\\\\": 1, \\\\"x2\\\\" 2\\}"`));
    assert.match(message, /Fix: correct this line or leave it out: each line is one JSON object\./);
  }
});

test('a line that is read although it is no strict JSON is not taken for the damaged one', async (t) => {
  const odd = '{"x1": NaN, "x2": [-Infinity, inf], "y": 3,}\n';
  const { message } = await errorOf(t, 'a.jsonl', `${odd}${GOOD_LINE}{"x1" 1}\n${GOOD_LINE}`);
  assert.match(message, /line 3 is not JSON: "\{\\"x1\\" 1\}"/);
});

test('lines of JSON that end in the middle of a line were cut off, also in a later file of a glob', async (t) => {
  const cut = await errorOf(t, 'a.jsonl', `${GOOD_LINE}{"x1": 4, "x`);
  assert.match(cut.message, /line 2 is not JSON: .*; the file ends in it, so it was cut off/);
  assert.match(cut.message, ANEW);
  const directory = await makeDirectory(t);
  await writeFile(join(directory, 'a.jsonl'), GOOD_LINE);
  await writeFile(join(directory, 'b.jsonl'), `${GOOD_LINE}{"x1": 4, "x`);
  const second = await failure(() => scanData(separate(files(join(directory, '*.jsonl'))), { cacheDir: null }));
  assert.ok(second.message.includes(`(${join(directory, 'b.jsonl')})`), second.message);
});

test('a damaged JSON file says where, and has to be corrected or written anew', async (t) => {
  const { message } = await errorOf(t, 'a.json', `[${GOOD_LINE}, {"x1": \n`);
  assert.match(message, /Malformed JSON in file/);
  assert.match(message, /Fix: correct the JSON there; where it ends too early, the file was cut off/);
});

test('UTF-16 is refused as such, with or without a byte order mark, in CSV and JSONL', async (t) => {
  const little = Buffer.from(`\ufeff${CSV}`, 'utf16le');
  for (const [name, content] of [
    ['a.csv', little],
    ['a.csv', little.subarray(2)],
    ['a.csv', Buffer.from(little).swap16()],
    ['a.jsonl', Buffer.from(`\ufeff${GOOD_LINE}`, 'utf16le')],
  ] as const) {
    const { message } = await errorOf(t, name, content);
    assert.match(message, /the text is UTF-16; expected UTF-8/);
    assert.match(message, UTF_8);
  }
});

test('a line of CSV with other fields, and text in another encoding, say what to correct', async (t) => {
  const fields = await errorOf(t, 'a.csv', `${CSV}1,2\n`);
  assert.match(fields.message, /Line: 3[\s\S]*Fix: correct this line: give it as many fields as the header has/);
  const latin = await errorOf(t, 'a.csv', Buffer.from(`${CSV}1,2,caf\xe9\n`, 'latin1'));
  assert.match(latin.message, /Fix: save the file as UTF-8, for example: iconv -f ISO-8859-1/);
});

test('a compressed file that was cut off, is none, or is empty is told apart from damaged rows', async (t) => {
  const packed = gzipSync(`x1,x2,y\n${Array.from({ length: 500 }, (_, row) => `${row},${row * 7919},${row}`).join('\n')}\n`);
  const cut = await errorOf(t, 'a.csv.gz', packed.subarray(0, packed.length / 2));
  assert.match(cut.message, /the compressed file was cut off\nFix: write the file anew/);
  assert.match((await errorOf(t, 'a.csv.gz', CSV)).message, /this is not a gzip file\nFix: leave \.gz out of its name/);
  assert.match((await errorOf(t, 'a.csv.gz', '')).message, /the file is empty \(0 bytes\)\nFix: write the file anew/);
});
