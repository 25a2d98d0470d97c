import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { type FsPort, nodeFs } from '../../src/artifacts/fs-port.ts';
import { tempName } from '../../src/artifacts/fs-temp.ts';
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

test('what a death left of trying a place goes with the next try, and nothing else does', async (t) => {
  const directory = await temporaryDirectory(t);
  const living = `model.staged-${await tempName()}`;
  const dead = () => tempName().then((name) => `model.staged-${name.replace(`~${process.pid}~`, '~999999999~')}`);
  const [empty, publishing] = [await dead(), await dead()];
  for (const name of [living, empty, publishing, 'other.staged-x']) await mkdir(join(directory, name));
  await writeFile(join(directory, publishing, 'weights.safetensors'), 'half'); // for publishing to sweep
  await requireWritable(join(directory, 'new', 'deep', 'model'));
  assert.deepEqual((await readdir(directory)).sort(), [living, publishing, 'other.staged-x'].sort());
});

test('what another user left of trying a place does not make it unwritable', async (t) => {
  const directory = await temporaryDirectory(t);
  const left = `model.staged-${(await tempName()).replace(`~${process.pid}~`, '~999999999~')}`;
  await mkdir(join(directory, left));
  for (const forbidden of ['rmdir', 'readdir'] as const) {
    const refuse = (path: string) => Promise.reject(Object.assign(new Error(path), { code: forbidden === 'rmdir' ? 'EPERM' : 'EACCES' }));
    const fs: FsPort = {
      ...nodeFs,
      rmdir: (path) => (forbidden === 'rmdir' && path === join(directory, left) ? refuse(path) : nodeFs.rmdir(path)),
      readdir: (path) => (forbidden === 'readdir' ? refuse(path) : nodeFs.readdir(path)),
    };
    await requireWritable(join(directory, 'model'), fs);
  }
  assert.deepEqual(await readdir(directory), [left]);
});
