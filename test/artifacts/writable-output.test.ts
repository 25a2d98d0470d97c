import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { requireWritable } from '../../src/artifacts/writable-output.ts';
import { faultyFs, temporaryDirectory } from '../helpers/store-faults.ts';

for (const errno of ['EPERM', 'EACCES', 'EROFS']) {
  test(`a nearest directory that refuses with ${errno} is OUTPUT_UNWRITABLE naming it and the cure`, async (t) => {
    const directory = await temporaryDirectory(t);
    const fs = faultyFs(({ kind }) => (kind === 'mkdir' ? { errno } : undefined));
    await assert.rejects(requireWritable(join(directory, 'deep', 'model'), fs), {
      code: 'OUTPUT_UNWRITABLE',
      message: new RegExp(
        `deep/model" cannot be written\\.\\n {2}${directory}: .*\\(${errno}\\)\\nFix: set output\\.path .*, or \\w+`,
        'u',
      ),
    });
  });
}

test('a full disk is none of the output’s', async (t) => {
  const directory = await temporaryDirectory(t);
  const fs = faultyFs(({ kind }) => (kind === 'mkdir' ? { errno: 'ENOSPC' } : undefined));
  await assert.rejects(requireWritable(join(directory, 'model'), fs), { code: 'STORE_IO' });
});

test('special file systems, which let root do everything by their permissions, are found', {
  skip: process.platform !== 'linux',
}, async () => {
  for (const output of ['/proc/x/y', '/proc/x', '/sys/x/y']) await assert.rejects(requireWritable(output), { code: 'OUTPUT_UNWRITABLE' });
});

test('trying a place leaves nothing behind, neither beside the output nor far above it', async (t) => {
  const directory = await temporaryDirectory(t);
  for (const output of [join(directory, 'model'), join(directory, 'new', 'deep', 'model')]) await requireWritable(output);
  assert.deepEqual(await readdir(directory), []);
  assert.ok(!(await readdir(dirname(directory))).includes('new'));
});
