import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { openFsStore } from '../../src/artifacts/fs-store.ts';
import type { ArtifactStore } from '../../src/artifacts/store.ts';
import { RootstockError } from '../../src/errors.ts';
import { type Fault, type FsCall, faultyFs, readAll, temporaryDirectory } from '../helpers/store-faults.ts';

const WEIGHTS = new Uint8Array(Buffer.alloc(9 * 1024 * 1024, 'weights '));

/** A store whose disk begins to fail when `faults` is set. */
async function fragileStore(
  context: TestContext,
): Promise<{ store: ArtifactStore; setFaults: (decide: (call: FsCall) => Fault | undefined) => void }> {
  let decide: (call: FsCall) => Fault | undefined = () => undefined;
  const fs = faultyFs((call) => decide(call));
  const store = await openFsStore(join(await temporaryDirectory(context), 'store'), { fs });
  return { store, setFaults: (next) => (decide = next) };
}

const isStoreIo = (errno: string) => (error: unknown) =>
  error instanceof RootstockError && error.code === 'STORE_IO' && error.details.errno === errno;

async function hasNoTemporaryFiles(store: ArtifactStore): Promise<void> {
  assert.deepEqual(await readdir(join(store.location, 'tmp')), []);
}

for (const [kind, errno] of [
  ['write', 'ENOSPC'],
  ['write', 'EIO'],
  ['sync', 'EIO'],
  ['link', 'EIO'],
  ['open', 'EMFILE'],
  ['open', 'EROFS'],
  ['mkdir', 'EACCES'],
] as const) {
  test(`${errno} at ${kind} fails put with STORE_IO, leaves nothing behind, and the next put works`, async (context) => {
    const { store, setFaults } = await fragileStore(context);
    setFaults((call) => (call.kind === kind ? { errno } : undefined));
    await assert.rejects(store.put([WEIGHTS]), isStoreIo(errno));
    setFaults(() => undefined);
    await hasNoTemporaryFiles(store);
    assert.deepEqual(await readAll(store, await store.put([WEIGHTS])), Buffer.from(WEIGHTS));
  });
}

test('ENOSPC says that freeing disk space is what helps', async (context) => {
  const { store, setFaults } = await fragileStore(context);
  setFaults((call) => (call.kind === 'write' ? { errno: 'ENOSPC' } : undefined));
  await assert.rejects(store.put([WEIGHTS]), /Cannot write ".*": ENOSPC\.\nFix: free some disk space/);
});

test('a failed fsync is never repeated on the same file: the retry writes a new one', async (context) => {
  const { store, setFaults } = await fragileStore(context);
  const synced: string[] = [];
  setFaults((call) => {
    if (call.kind !== 'sync' || !call.path.includes('/store/tmp/')) return undefined;
    synced.push(call.path);
    return synced.length === 1 ? { errno: 'EIO' } : undefined;
  });
  await assert.rejects(store.put([WEIGHTS]), isStoreIo('EIO'));
  await store.put([WEIGHTS]);
  assert.equal(synced.length, 2);
  assert.notEqual(synced[0], synced[1]);
});

test('short writes and short reads are continued', async (context) => {
  const { store, setFaults } = await fragileStore(context);
  setFaults((call) => (call.count % 3 === 0 ? 'short' : undefined));
  const ref = await store.put([WEIGHTS]);
  assert.deepEqual(await readAll(store, ref), Buffer.from(WEIGHTS));
});

test('a lost last write is found by the size of the file', async (context) => {
  const { store, setFaults } = await fragileStore(context);
  let writes = 0;
  setFaults((call) => (call.kind === 'write' && ++writes === 3 ? 'lost' : undefined));
  await assert.rejects(store.put([WEIGHTS]), /Wrote 9437184 bytes to ".*", but the file has 8388608: the disk loses writes/);
  await hasNoTemporaryFiles(store);
});

test('a lost write in the middle is found by the digest, at the latest when the blob is read', async (context) => {
  const { store, setFaults } = await fragileStore(context);
  let writes = 0;
  setFaults((call) => (call.kind === 'write' && ++writes === 2 ? 'lost' : undefined));
  const ref = await store.put([WEIGHTS]);
  await assert.rejects(store.open(ref), (error) => error instanceof RootstockError && error.code === 'ARTIFACT_CORRUPT');
  assert.deepEqual(await readAll(store, await store.put([WEIGHTS])), Buffer.from(WEIGHTS));
});

test('a file system without hard links is refused by name', async (context) => {
  const fs = faultyFs((call) => (call.kind === 'link' ? { errno: 'EPERM' } : undefined));
  await assert.rejects(
    openFsStore(join(await temporaryDirectory(context), 'store'), { fs }),
    (error) => error instanceof RootstockError && error.code === 'STORE_UNSUPPORTED' && error.message.includes('hard links'),
  );
});

test('an unreadable disk is an error of the disk, never a reason to quarantine', async (context) => {
  const { store, setFaults } = await fragileStore(context);
  const ref = await store.put([WEIGHTS]);
  await store.createIfAbsent('d', WEIGHTS);
  setFaults((call) => (call.kind === 'read' ? { errno: 'EIO' } : undefined));
  await assert.rejects(store.open(ref), isStoreIo('EIO'));
  await assert.rejects(store.read('d'), isStoreIo('EIO'));
  setFaults(() => undefined);
  assert.deepEqual(await readdir(join(store.location, 'quarantine')), []);
  assert.deepEqual(await readAll(store, ref), Buffer.from(WEIGHTS));
});

test('a source that fails in the middle leaves nothing behind', async (context) => {
  const { store } = await fragileStore(context);
  async function* failing() {
    yield WEIGHTS;
    throw new Error('the source failed');
  }
  await assert.rejects(store.put(failing()), /the source failed/);
  await hasNoTemporaryFiles(store);
});

test('a document whose directory could not be made durable is not reported as created, and the retry finds it', async (context) => {
  const { store, setFaults } = await fragileStore(context);
  await store.createIfAbsent('stages/a', WEIGHTS);
  setFaults((call) => (call.kind === 'sync' && call.path.endsWith('/stages') ? { errno: 'EIO' } : undefined));
  await assert.rejects(store.createIfAbsent('stages/b', WEIGHTS), isStoreIo('EIO'));
  setFaults(() => undefined);
  const again = await store.createIfAbsent('stages/b', WEIGHTS);
  assert.deepEqual(new Uint8Array(again.body), WEIGHTS);
  await hasNoTemporaryFiles(store);
});
