import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import type { ArtifactStore } from '../../src/artifacts/store.ts';
import { RootstockError } from '../../src/errors.ts';
import { readAll } from './store-faults.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const text = (body: Uint8Array | undefined) => (body === undefined ? undefined : Buffer.from(body).toString());
const code = (expected: string) => (error: unknown) => error instanceof RootstockError && error.code === expected;

/** What every implementation of ArtifactStore does; `open` gives a new handle on the same store each time. */
export function testStoreContract(
  name: string,
  create: (context: TestContext) => Promise<{ readonly open: () => Promise<ArtifactStore> }>,
): void {
  const withStore = (title: string, run: (store: ArtifactStore, open: () => Promise<ArtifactStore>) => Promise<void>): void =>
    void test(`${name}: ${title}`, async (context) => {
      const { open } = await create(context);
      await run(await open(), open);
    });

  withStore('keeps its id', async (store, open) => {
    assert.match(store.id, /^[0-9a-f-]{36}$/);
    assert.equal((await open()).id, store.id);
  });

  withStore('names bytes by their SHA-256, however they are cut into chunks', async (store, open) => {
    const whole = Buffer.alloc(9 * 1024 * 1024, 'abcdefg');
    const expected = { digest: createHash('sha256').update(whole).digest('hex'), byteLength: whole.byteLength };
    assert.deepEqual(await store.put([whole]), expected);
    async function* cut() {
      for (let at = 0; at < whole.byteLength; at += 1_000_003) yield whole.subarray(at, at + 1_000_003);
    }
    assert.deepEqual(await store.put(cut()), expected);
    assert.deepEqual(await readAll(await open(), expected), whole);
    assert.equal(await store.has(expected), true);
    assert.equal(await store.has({ ...expected, byteLength: 5 }), false);
  });

  withStore('stores no bytes at all', async (store) => {
    const ref = await store.put([]);
    assert.equal(ref.byteLength, 0);
    assert.equal((await readAll(store, ref)).byteLength, 0);
  });

  withStore('reads any range, and nothing outside', async (store) => {
    const ref = await store.put([bytes('0123456789')]);
    const reader = await store.open(ref);
    const into = new Uint8Array(3);
    await reader.read(7, into);
    assert.equal(text(into), '789');
    await assert.rejects(reader.read(8, into), code('ARTIFACT_CORRUPT'));
    await assert.rejects(reader.read(-1, into), code('ARTIFACT_CORRUPT'));
    await reader.close();
  });

  withStore('says when a blob is not there', async (store) => {
    await assert.rejects(store.open({ digest: '0'.repeat(64), byteLength: 1 }), code('ARTIFACT_NOT_FOUND'));
    assert.equal(await store.has({ digest: '0'.repeat(64), byteLength: 1 }), false);
    await assert.rejects(store.open({ digest: '../../etc/passwd', byteLength: 1 }), code('USAGE'));
  });

  withStore('deletes a blob, once or twice', async (store) => {
    const ref = await store.put([bytes('gone')]);
    await store.deleteBlob(ref);
    await store.deleteBlob(ref);
    await assert.rejects(store.open(ref), code('ARTIFACT_NOT_FOUND'));
    assert.deepEqual(await store.put([bytes('gone')]), ref);
    assert.equal(text(await readAll(store, ref)), 'gone');
  });

  withStore('creates a document once and gives everybody the first one', async (store, open) => {
    assert.equal(await store.read('a/b'), undefined);
    assert.equal((await store.createIfAbsent('a/b', bytes('first'))).created, true);
    const second = await (await open()).createIfAbsent('a/b', bytes('second'));
    assert.equal(second.created, false);
    assert.equal(text(second.body), 'first');
    assert.equal(text(await store.read('a/b')), 'first');
  });

  withStore('lets exactly one of many concurrent creators win', async (store, open) => {
    const stores = [store, await open(), await open()];
    const all = await Promise.all(
      Array.from({ length: 30 }, (_, index) => (stores[index % 3] ?? store).createIfAbsent('fence', bytes(`writer ${index}`))),
    );
    const winners = all.flatMap(({ created }, index) => (created ? [index] : []));
    assert.equal(winners.length, 1);
    for (const { body } of all) assert.equal(text(body), `writer ${winners[0]}`);
  });

  withStore('frees the name of a document that is set aside', async (store) => {
    await store.createIfAbsent('x', bytes('1'));
    await store.setAside('x');
    await store.setAside('x');
    assert.equal(await store.read('x'), undefined);
    assert.equal((await store.createIfAbsent('x', bytes('2'))).created, true);
  });

  withStore('replaces a pointer only from the value it has', async (store, open) => {
    const other = await open();
    assert.equal(await store.compareAndSet('p', bytes('0'), bytes('1')), false);
    assert.equal(await store.compareAndSet('p', null, bytes('1')), true);
    assert.equal(await other.compareAndSet('p', null, bytes('2')), false);
    assert.equal(await other.compareAndSet('p', bytes('1'), bytes('2')), true);
    assert.equal(await store.compareAndSet('p', bytes('1'), bytes('3')), false);
    assert.equal(text(await store.read('p')), '2');
    assert.equal(await store.compareAndSet('p', bytes('2'), bytes('1')), true);
    assert.equal(text(await other.read('p')), '1');
  });

  withStore('loses no increment of a pointer that several writers count up', async (store, open) => {
    const stores = [store, await open(), await open()];
    const increment = async (one: ArtifactStore) => {
      for (;;) {
        const current = await one.read('counter');
        const next = bytes(String(Number(text(current) ?? 0) + 1));
        if (await one.compareAndSet('counter', current ?? null, next)) return;
      }
    };
    await Promise.all(Array.from({ length: 24 }, (_, index) => increment(stores[index % 3] ?? store)));
    assert.equal(text(await store.read('counter')), '24');
  });

  withStore('lists documents and pointers below a folder of names', async (store) => {
    await store.createIfAbsent('runs/b', bytes('1'));
    await store.createIfAbsent('runs/a/c', bytes('1'));
    await store.createIfAbsent('runsx', bytes('1'));
    await store.compareAndSet('runs/p', null, bytes('1'));
    assert.deepEqual(await store.list('runs'), ['runs/a/c', 'runs/b', 'runs/p']);
    assert.deepEqual(await store.list(''), ['runs/a/c', 'runs/b', 'runs/p', 'runsx']);
    assert.deepEqual(await store.list('nothing'), []);
  });

  for (const bad of ['', '/', 'a//b', '../a', 'a/..', '.', 'A', 'a b', 'a\0', 'é', '%2e%2e/a', '/etc/passwd', 'c:\\a', 'x'.repeat(201)]) {
    withStore(`refuses the name ${JSON.stringify(bad).slice(0, 40)}`, async (store) => {
      await assert.rejects(store.createIfAbsent(bad, bytes('x')), code('USAGE'));
      await assert.rejects(store.read(bad), code('USAGE'));
      await assert.rejects(store.compareAndSet(bad, null, bytes('x')), code('USAGE'));
      await assert.rejects(store.setAside(bad), code('USAGE'));
    });
  }
}
