import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { readRunFile } from '../../src/planner/run-file.ts';
import { failure, makeDirectory } from '../data/data-fixtures.ts';

const refusal = (path: string) => failure(() => readRunFile(path, { models: [] }));

async function written(t: TestContext, bytes: Uint8Array): Promise<string> {
  const path = join(await makeDirectory(t), 'run.yaml');
  await writeFile(path, bytes);
  return path;
}

test('a directory is no run file, and the run files in it are named', async (t) => {
  const directory = await makeDirectory(t);
  for (const name of ['b.yaml', 'a.json', 'data.csv']) await writeFile(join(directory, name), '');
  const error = await refusal(directory);
  assert.equal(error.code, 'FILE_UNREADABLE');
  assert.ok(error.message.includes('is a directory, not a run file.'), error.message);
  assert.ok(error.message.endsWith(`Fix: name the run file: ${join(directory, 'a.json')}, ${join(directory, 'b.yaml')} are there.`));
  await mkdir(join(directory, 'empty'));
  assert.match((await refusal(join(directory, 'empty'))).message, /this directory has none\.$/u);
});

test('a path that leads through a file is a run file that is not there', async (t) => {
  const path = await written(t, Buffer.from('name: a'));
  assert.equal((await refusal(join(path, 'run.yaml'))).code, 'FILE_NOT_FOUND');
});

test('UTF-16 text is called by its name, in either order of bytes, with a mark or without', async (t) => {
  const little = Buffer.from('\uFEFFname: a\n', 'utf16le');
  for (const bytes of [little, Buffer.from(little).swap16(), little.subarray(2), Buffer.from(little).swap16().subarray(2)]) {
    const error = await refusal(await written(t, bytes));
    assert.equal(error.code, 'CONFIG_SYNTAX');
    assert.match(error.message, /is UTF-16, .*\nFix: save it as UTF-8\.$/u);
  }
});

test('a letter that is not UTF-8 is placed by line and column', async (t) => {
  const path = await written(t, Buffer.from('name: a\noutput: { path: m\xfcll }\n', 'latin1'));
  const error = await refusal(path);
  assert.equal(error.code, 'CONFIG_SYNTAX');
  assert.ok(error.message.startsWith(`${path}:2:18: `), error.message);
});

test('a byte order mark of UTF-8 is nothing to see', async (t) => {
  const error = await refusal(await written(t, Buffer.from('\uFEFFnmae: a\n')));
  assert.equal(error.code, 'CONFIG_INVALID');
  assert.match(error.message, /run\.yaml:1:1 nmae/u);
});
