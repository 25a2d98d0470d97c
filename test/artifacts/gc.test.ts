import assert from 'node:assert/strict';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { diskUse, sweepTmp } from '../../src/artifacts/disk-use.ts';
import { type FsPort, nodeFs } from '../../src/artifacts/fs-port.ts';
import { openFsStore } from '../../src/artifacts/fs-store.ts';
import { tempName } from '../../src/artifacts/fs-temp.ts';
import { collectGarbage } from '../../src/artifacts/gc.ts';
import { putJson } from '../../src/artifacts/json-blob.ts';
import { commitSnapshot } from '../../src/artifacts/snapshots.ts';
import type { ArtifactStore } from '../../src/artifacts/store.ts';
import type { Ref } from '../../src/contracts/refs.ts';
import { RootstockError } from '../../src/errors.ts';
import { temporaryDirectory, temporaryStore } from '../helpers/store-faults.ts';
import { makeSnapshot, STAGE_KEY } from '../helpers/store-snapshots.ts';

const LATER = () => Date.now() + 2 * 3600 * 1000;
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const put = (store: ArtifactStore, text: string) => store.put([bytes(text)]);
const document = (store: ArtifactStore, name: string, value: object) => store.createIfAbsent(name, bytes(JSON.stringify(value)));

async function present(store: ArtifactStore, refs: readonly Ref[]): Promise<boolean[]> {
  const names = await readdir(join(store.location, 'blobs'), { recursive: true });
  return refs.map(({ digest }) => names.some((name) => name.endsWith(digest)));
}

test('what documents, pointers and JSON blobs refer to is kept, however deep, and the rest is freed', async (context) => {
  const store = await temporaryStore(context);
  const [weights, data, ledger, garbage, old] = [
    await put(store, 'weights'),
    await put(store, 'data'),
    await put(store, '1,loss,0.5'),
    await put(store, 'garbage'),
    await put(store, 'old'),
  ];
  const inner = await putJson(store, { data: [{ train: data }] });
  const outer = await putJson(store, { inner, ledger });
  await document(store, 'runs/r', { plan: outer });
  await store.compareAndSet('champion', null, bytes(JSON.stringify({ weights: old })));
  await store.compareAndSet('champion', bytes(JSON.stringify({ weights: old })), bytes(JSON.stringify({ weights })));
  const expected = { freedBytes: garbage.byteLength + old.byteLength, files: 2 };
  const reachableBytes = [weights, data, ledger, inner, outer].reduce((sum, ref) => sum + ref.byteLength, 0);
  assert.deepEqual(await collectGarbage(store.location, { dryRun: true, now: LATER() }), { reachableBytes, ...expected });
  assert.deepEqual(await present(store, [garbage, old]), [true, true]);
  assert.deepEqual(await collectGarbage(store.location, { now: LATER() }), { reachableBytes, ...expected });
  assert.deepEqual(await present(store, [weights, data, ledger, inner, outer, garbage, old]), [true, true, true, true, true, false, false]);
  assert.deepEqual(await readdir(join(store.location, 'quarantine')), []);
});

test('nothing that was written or used in the last hour is freed', async (context) => {
  const store = await temporaryStore(context);
  const [fresh, again, asked] = [await put(store, 'fresh'), await put(store, 'again'), await put(store, 'asked')];
  const longAgo = new Date(Date.now() - 5 * 3600 * 1000);
  for (const { digest } of [again, asked]) {
    await utimes(join(store.location, 'blobs', 'sha256', digest.slice(0, 2), digest), longAgo, longAgo);
  }
  await put(store, 'again');
  assert.equal(await store.has(asked), true);
  assert.equal((await collectGarbage(store.location, { dryRun: true })).files, 0);
  assert.equal((await collectGarbage(store.location)).files, 0);
  assert.deepEqual(await present(store, [fresh, again, asked]), [true, true, true]);
  assert.equal((await collectGarbage(store.location, { graceMs: 60_000, now: Date.now() + 120_000 })).files, 3);
});

/** The real file system, with something else happening at the moment when a blob is moved away for deletion. */
function atTheMove(before: () => Promise<unknown>, after: () => void = () => undefined): FsPort {
  const rename = async (from: string, to: string) => {
    await before();
    await nodeFs.rename(from, to);
    after();
  };
  return { ...nodeFs, rename };
}

async function oldBlob(store: ArtifactStore, text: string): Promise<Ref> {
  const ref = await put(store, text);
  const longAgo = new Date(Date.now() - 5 * 3600 * 1000);
  await utimes(join(store.location, 'blobs', 'sha256', ref.digest.slice(0, 2), ref.digest), longAgo, longAgo);
  return ref;
}

test('a blob that is written again between the search and its deletion is put back', async (context) => {
  const store = await temporaryStore(context);
  const ref = await oldBlob(store, 'weights');
  const report = await collectGarbage(store.location, { fs: atTheMove(() => put(store, 'weights')) });
  assert.equal(report.files, 0);
  assert.deepEqual(await present(store, [ref]), [true]);
});

test('a blob that is written again just after it was moved away is written anew', async (context) => {
  const store = await temporaryStore(context);
  const ref = await oldBlob(store, 'weights');
  let again: Promise<unknown> = Promise.resolve();
  const report = await collectGarbage(store.location, {
    fs: atTheMove(
      async () => undefined,
      () => {
        again = put(store, 'weights');
      },
    ),
  });
  await again;
  assert.equal(report.files, 1);
  assert.deepEqual(await present(store, [ref]), [true]);
});

test('a blob that was moved away by a collection that died is back at the next opening of the store', async (context) => {
  const store = await temporaryStore(context);
  const ref = await oldBlob(store, 'weights');
  const die = () => {
    throw new Error('died');
  };
  await assert.rejects(collectGarbage(store.location, { fs: atTheMove(() => put(store, 'weights'), die) }), /died/);
  assert.deepEqual(await present(store, [ref]), [false]);
  await openFsStore(store.location);
  assert.deepEqual(await present(store, [ref]), [true]);
  assert.deepEqual(await readdir(join(store.location, 'quarantine')), []);
});

test('snapshots are kept until their stage is finished', async (context) => {
  const store = await temporaryStore(context);
  const snapshot = await commitSnapshot(store, STAGE_KEY, await makeSnapshot(store, undefined));
  await collectGarbage(store.location, { now: LATER() });
  assert.deepEqual(await present(store, [snapshot.state]), [true]);
  const weights = await put(store, 'final weights');
  await document(store, `stages/${STAGE_KEY}/manifest`, { result: { weights } });
  await collectGarbage(store.location, { now: LATER() });
  assert.deepEqual(await present(store, [snapshot.state, weights]), [false, true]);
});

test('a document that does not verify ends the collection before anything is deleted', async (context) => {
  const store = await temporaryStore(context);
  const ref = await put(store, 'weights');
  await document(store, 'runs/r', { ref });
  await writeFile(join(store.location, 'refs', 'runs', 'r'), 'rot');
  await assert.rejects(
    collectGarbage(store.location, { now: LATER() }),
    (error) => error instanceof RootstockError && error.code === 'ARTIFACT_CORRUPT',
  );
  assert.deepEqual(await present(store, [ref]), [true]);
});

test('the quarantine and temporary files of dead processes are emptied, those of living ones are not', async (context) => {
  const store = await temporaryStore(context);
  const own = await tempName();
  await writeFile(join(store.location, 'tmp', own), 'own');
  await writeFile(join(store.location, 'tmp', own.replace(`~${process.pid}~`, '~999999999~')), 'dead');
  await writeFile(join(store.location, 'quarantine', 'x.1'), 'rotten');
  assert.deepEqual(await collectGarbage(store.location, { dryRun: true, now: LATER() }), { reachableBytes: 0, freedBytes: 10, files: 2 });
  assert.equal((await readdir(join(store.location, 'tmp'))).length, 2);
  assert.deepEqual(await sweepTmp(store.location), { files: 1, bytes: 4 });
  assert.deepEqual(await collectGarbage(store.location, { now: LATER() }), { reachableBytes: 0, freedBytes: 6, files: 1 });
  assert.deepEqual(await readdir(join(store.location, 'tmp')), [own]);
});

test('disk use is counted by part', async (context) => {
  const store = await temporaryStore(context);
  await put(store, '12345');
  await put(store, '123');
  await store.createIfAbsent('d', bytes('x'));
  await store.compareAndSet('p', null, bytes('y'));
  const use = await diskUse(store.location);
  assert.deepEqual(use.blobs, { files: 2, bytes: 8 });
  assert.deepEqual(use.documents, { files: 2, bytes: 2 * 73 });
  assert.deepEqual(use.temporary, { files: 0, bytes: 0 });
  assert.equal(use.totalBytes, 8 + 146);
});

test('a directory that is no store is refused and stays as it is', async (context) => {
  const directory = await temporaryDirectory(context);
  for (const run of [collectGarbage, diskUse, sweepTmp]) {
    for (const path of [directory, join(directory, 'missing')]) {
      await assert.rejects(run(path), (error) => error instanceof RootstockError && error.code === 'FILE_NOT_FOUND');
    }
  }
  assert.deepEqual(await readdir(directory), []);
});
