import assert from 'node:assert/strict';
import { mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { makeDirectory } from '../../src/files/make-directory.ts';
import { temporaryDirectory } from '../helpers/store-faults.ts';

test('a directory is made with its parents and its mode, once, also by many at once', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'a', 'b', 'c');
  const made = await Promise.all(Array.from({ length: 8 }, () => makeDirectory(path, { mode: 0o700 })));
  assert.equal(made.filter(Boolean).length, 1);
  assert.equal((await stat(path)).mode & 0o777, 0o700);
  assert.equal(await makeDirectory(path), false);
});

test('a link to a directory is one, a file is not, and nothing is made below a file', async (t) => {
  const directory = await temporaryDirectory(t);
  await mkdir(join(directory, 'real'));
  await symlink('real', join(directory, 'link'));
  await writeFile(join(directory, 'file'), '');
  assert.equal(await makeDirectory(join(directory, 'link')), false);
  await assert.rejects(makeDirectory(join(directory, 'file')), { code: 'EEXIST' });
  await assert.rejects(makeDirectory(join(directory, 'file', 'x', 'y')), { code: 'ENOTDIR' });
  assert.deepEqual((await readdir(directory)).sort(), ['file', 'link', 'real']);
});

test('a file system that makes no directories ends it', { skip: process.platform !== 'linux', timeout: 10_000 }, async () => {
  await assert.rejects(makeDirectory('/proc/nowhere/below'), { code: 'ENOENT' });
});
