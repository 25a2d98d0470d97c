import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { openFsStore } from '../../src/artifacts/fs-store.ts';
import { RootstockError } from '../../src/errors.ts';
import { testStoreContract } from '../helpers/store-contract.ts';
import { readAll, temporaryDirectory, temporaryStore } from '../helpers/store-faults.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const code = (expected: string) => (error: unknown) => error instanceof RootstockError && error.code === expected;

testStoreContract('a store in a directory', async (context) => {
  const directory = join(await temporaryDirectory(context), 'a', 'b', 'store');
  return { open: () => openFsStore(directory) };
});

const blobPath = (root: string, digest: string) => join(root, 'blobs', 'sha256', digest.slice(0, 2), digest);

async function flip(path: string, at: number): Promise<void> {
  const content = await readFile(path);
  content[at] = (content[at] ?? 0) ^ 1;
  await writeFile(path, content);
}

test('a store is created by several processes at once with one id', async (context) => {
  const directory = join(await temporaryDirectory(context), 'store');
  const stores = await Promise.all(Array.from({ length: 8 }, () => openFsStore(directory)));
  assert.equal(new Set(stores.map(({ id }) => id)).size, 1);
  assert.deepEqual(await readdir(join(directory, 'tmp')), []);
});

test('a store whose identity is damaged is refused, not renamed', async (context) => {
  const store = await temporaryStore(context);
  const path = join(store.location, 'store.json');
  await flip(path, (await readFile(path, 'utf8')).indexOf(store.id));
  await assert.rejects(openFsStore(store.location), code('ARTIFACT_CORRUPT'));
});

test('a flipped bit in a blob is found before a byte is given out, and the file goes to quarantine', async (context) => {
  const store = await temporaryStore(context);
  const ref = await store.put([bytes('some weights')]);
  await flip(blobPath(store.location, ref.digest), 3);
  await assert.rejects(store.open(ref), code('ARTIFACT_CORRUPT'));
  assert.equal((await readdir(join(store.location, 'quarantine'))).length, 1);
  await assert.rejects(store.open(ref), code('ARTIFACT_NOT_FOUND'));
});

test('a blob that changes after it was verified is verified again', async (context) => {
  const store = await temporaryStore(context);
  const ref = await store.put([bytes('some weights')]);
  await readAll(store, ref);
  await flip(blobPath(store.location, ref.digest), 3);
  await assert.rejects(store.open(ref), code('ARTIFACT_CORRUPT'));
});

test('a truncated blob is found', async (context) => {
  const store = await temporaryStore(context);
  const ref = await store.put([bytes('some weights')]);
  await writeFile(blobPath(store.location, ref.digest), 'some');
  await assert.rejects(store.open(ref), code('ARTIFACT_CORRUPT'));
});

test('writing the bytes of a rotten blob again repairs it', async (context) => {
  const store = await temporaryStore(context);
  const ref = await store.put([bytes('some weights')]);
  await flip(blobPath(store.location, ref.digest), 0);
  assert.deepEqual(await store.put([bytes('some weights')]), ref);
  assert.equal((await readAll(store, ref)).toString(), 'some weights');
  assert.equal((await readdir(join(store.location, 'quarantine'))).length, 1);
});

test('a flipped bit anywhere in a document is found and the document goes to quarantine', async (context) => {
  const store = await temporaryStore(context);
  const path = join(store.location, 'refs', 'stages', 'manifest');
  for (const at of [0, 20, 71, 72, 80]) {
    await store.createIfAbsent('stages/manifest', bytes('{"step":10,"epoch":2}'));
    await flip(path, at);
    await assert.rejects(store.read('stages/manifest'), code('ARTIFACT_CORRUPT'));
    assert.equal(await store.read('stages/manifest'), undefined);
  }
});

test('a rotten document does not keep its name from being created', async (context) => {
  const store = await temporaryStore(context);
  await store.createIfAbsent('x', bytes('first'));
  await writeFile(join(store.location, 'refs', 'x'), '');
  assert.deepEqual(await store.createIfAbsent('x', bytes('second')), { created: true, body: bytes('second') });
});

test('a rotten pointer falls back to the value before it', async (context) => {
  const store = await temporaryStore(context);
  await store.compareAndSet('p', null, bytes('1'));
  await store.compareAndSet('p', bytes('1'), bytes('2'));
  await flip(join(store.location, 'pointers', 'p', '@1'), 75 - 3);
  await assert.rejects(store.read('p'), code('ARTIFACT_CORRUPT'));
  assert.deepEqual(Buffer.from((await store.read('p')) ?? []).toString(), '1');
});

test('a symbolic link planted in place of a blob or document is never followed', async (context) => {
  const store = await temporaryStore(context);
  const ref = await store.put([bytes('some weights')]);
  const [path, elsewhere] = [blobPath(store.location, ref.digest), join(store.location, '..', 'elsewhere')];
  await rename(path, elsewhere);
  await symlink(elsewhere, path);
  await assert.rejects(store.open(ref), code('ARTIFACT_CORRUPT'));
  await symlink(elsewhere, path);
  assert.equal(await store.has(ref), false);
  await store.put([bytes('some weights')]);
  assert.equal((await readAll(store, ref)).toString(), 'some weights');
  assert.equal(await readFile(elsewhere, 'utf8'), 'some weights');

  await store.createIfAbsent('d', bytes('document'));
  const document = join(store.location, 'refs', 'd');
  await rename(document, elsewhere);
  await symlink(elsewhere, document);
  await assert.rejects(store.read('d'), code('ARTIFACT_CORRUPT'));
});

test('a symbolic link planted in place of a folder is refused, and nothing is written behind it', async (context) => {
  const store = await temporaryStore(context);
  const outside = join(store.location, '..', 'outside');
  await mkdir(outside);
  await symlink(outside, join(store.location, 'refs', 'runs'));
  await assert.rejects(store.createIfAbsent('runs/a', bytes('x')), code('STORE_UNSUPPORTED'));
  assert.deepEqual(await readdir(outside), []);
});

test('the directory of a store may itself be reached through a symbolic link', async (context) => {
  const store = await temporaryStore(context);
  const link = join(store.location, '..', 'link');
  await symlink(store.location, link);
  const same = await openFsStore(link);
  assert.equal(same.id, store.id);
  assert.equal(same.location, store.location);
});

test('a name cannot be both a document and a folder of documents', async (context) => {
  const store = await temporaryStore(context);
  await store.createIfAbsent('a', bytes('x'));
  await assert.rejects(store.createIfAbsent('a/b', bytes('x')), code('STORE_UNSUPPORTED'));
  assert.equal(await store.read('a/b'), undefined);
  await store.createIfAbsent('c/d', bytes('x'));
  assert.equal(await store.read('c'), undefined);
});

test('a document written once cannot be replaced like a pointer', async (context) => {
  const store = await temporaryStore(context);
  await store.createIfAbsent('d', bytes('x'));
  await assert.rejects(store.compareAndSet('d', bytes('x'), bytes('y')), code('USAGE'));
});

test('temporary files of dead processes are swept at the next opening, those of living ones stay', async (context) => {
  const store = await temporaryStore(context);
  const { tempName } = await import('../../src/artifacts/fs-temp.ts');
  const own = await tempName();
  const dead = own.replace(`~${process.pid}~`, '~999999999~');
  const earlierProcess = own.split('~').with(2, 'another-start').join('~');
  for (const name of [own, dead, earlierProcess]) await writeFile(join(store.location, 'tmp', name), 'x');
  await openFsStore(store.location);
  assert.deepEqual(await readdir(join(store.location, 'tmp')), [own]);
  await unlink(join(store.location, 'tmp', own));
});

test('no increment is lost between processes, and one of them creates each document', async (context) => {
  const store = await temporaryStore(context);
  const script = fileURLToPath(new URL('../helpers/store-writer.ts', import.meta.url));
  const [writers, increments] = [3, 12];
  const run = (writer: number) =>
    new Promise<string>((resolve, reject) => {
      const child = spawn(process.execPath, ['--import', 'tsx', script, store.location, String(writer), String(increments)]);
      let out = '';
      child.stdout.on('data', (chunk) => (out += String(chunk)));
      child.stderr.on('data', (chunk) => (out += String(chunk)));
      child.on('error', reject).on('exit', (status) => (status === 0 ? resolve(out.trim()) : reject(new Error(out))));
    });
  const won = await Promise.all(Array.from({ length: writers }, (_, writer) => run(writer)));
  assert.equal(Buffer.from((await store.read('counter')) ?? []).toString(), String(writers * increments));
  assert.equal(
    won.reduce((sum, count) => sum + Number(count), 0),
    increments,
  );
  assert.deepEqual(await readdir(join(store.location, 'tmp')), []);
});
