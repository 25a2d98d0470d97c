import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { openFsStore } from '../../src/artifacts/fs-store.ts';
import type { SnapshotManifest } from '../../src/artifacts/snapshot.ts';
import {
  collectLedger,
  commitSnapshot,
  findNewestSnapshot,
  peekNewestSnapshot,
  pruneSnapshots,
  readSnapshotChain,
} from '../../src/artifacts/snapshots.ts';
import { loadStageState, saveStageState } from '../../src/artifacts/stage-state.ts';
import type { ArtifactStore } from '../../src/artifacts/store.ts';
import type { Ref } from '../../src/contracts/refs.ts';
import { RootstockError } from '../../src/errors.ts';
import { faultyFs, readAll, temporaryStore } from '../helpers/store-faults.ts';
import { makeSnapshot, STAGE_KEY, saveState } from '../helpers/store-snapshots.ts';

const KEY = STAGE_KEY;
const code = (expected: string) => (error: unknown) => error instanceof RootstockError && error.code === expected;

async function commit(store: ArtifactStore, count: number): Promise<SnapshotManifest[]> {
  const chain: SnapshotManifest[] = [];
  for (let n = 0; n < count; n += 1) chain.push(await commitSnapshot(store, KEY, await makeSnapshot(store, chain.at(-1))));
  return chain;
}

const newest = (chain: readonly SnapshotManifest[]) => chain[chain.length - 1] as SnapshotManifest;

async function damage(path: string): Promise<void> {
  const content = await readFile(path);
  content[content.byteLength - 5] = (content[content.byteLength - 5] ?? 0) ^ 1;
  await writeFile(path, content);
}
const blob = (store: ArtifactStore, { digest }: Ref) => join(store.location, 'blobs', 'sha256', digest.slice(0, 2), digest);
const document = (store: ArtifactStore, n: number) => join(store.location, 'refs', 'stages', KEY, `snap-${n}`);

test('the newest snapshot is found from any hint, right or wrong', async (context) => {
  const store = await temporaryStore(context);
  assert.equal(await findNewestSnapshot(store, KEY), undefined);
  const chain = await commit(store, 6);
  for (const hint of [0, 1, 3, 5, 6, 99, -1]) {
    assert.deepEqual(await findNewestSnapshot(store, KEY, hint), newest(chain), `hint ${hint}`);
    assert.deepEqual(await peekNewestSnapshot(store, KEY, hint), newest(chain), `hint ${hint}`);
  }
});

test('a snapshot whose tensors are rotten is set aside, the one before is used, and training goes on at its number', async (context) => {
  const store = await temporaryStore(context);
  const chain = await commit(store, 4);
  await damage(blob(store, newest(chain).state));
  const found = await findNewestSnapshot(store, KEY, 3);
  assert.deepEqual(found, chain[2]);
  // Time-based snapshots fall elsewhere the second time: the number must be free for another step.
  const next = await makeSnapshot(store, found, { step: 37 });
  assert.deepEqual(await commitSnapshot(store, KEY, next), next);
  assert.deepEqual(await findNewestSnapshot(store, KEY), next);
});

test('a snapshot whose manifest is rotten is set aside with all that follow it', async (context) => {
  const store = await temporaryStore(context);
  const chain = await commit(store, 5);
  await damage(document(store, 2));
  assert.deepEqual(await findNewestSnapshot(store, KEY), chain[1]);
  assert.deepEqual(await store.list(`stages/${KEY}`), [`stages/${KEY}/snap-0`, `stages/${KEY}/snap-1`]);
});

test('snapshots left behind a gap by a death in between never come back as the continuation of another sequence', async (context) => {
  const store = await temporaryStore(context);
  const chain = await commit(store, 5);
  await store.setAside(`stages/${KEY}/snap-2`);
  const next = await commitSnapshot(store, KEY, await makeSnapshot(store, chain[1], { step: 25 }));
  assert.deepEqual(await findNewestSnapshot(store, KEY), next);
  assert.deepEqual(
    await store.list(`stages/${KEY}`),
    [0, 1, 2].map((n) => `stages/${KEY}/snap-${n}`),
  );
});

test('a disk that fails to answer is an error, and nothing is set aside for it', async (context) => {
  const store = await temporaryStore(context);
  const chain = await commit(store, 3);
  const broken = await openFsStore(store.location, {
    fs: faultyFs((call) => (call.kind === 'read' && call.path.includes('blobs') ? { errno: 'EIO' } : undefined)),
  });
  await assert.rejects(findNewestSnapshot(broken, KEY), code('STORE_IO'));
  assert.deepEqual(await findNewestSnapshot(store, KEY), newest(chain));
});

test('a snapshot that a living trainer prunes while another looks at it is not set aside', async (context) => {
  const store = await temporaryStore(context);
  const chain = await commit(store, 2);
  const looked = newest(chain);
  const racing: ArtifactStore = {
    ...store,
    open: async (ref) => {
      if (ref.digest === looked.state.digest && chain.length === 2) {
        const third = await commitSnapshot(store, KEY, await makeSnapshot(store, newest(chain)));
        chain.push(third, await commitSnapshot(store, KEY, await makeSnapshot(store, third)));
        await pruneSnapshots(store, KEY, { newest: 3, keep: 2 });
      }
      return store.open(ref);
    },
  };
  assert.deepEqual((await findNewestSnapshot(racing, KEY))?.n, 3);
  assert.equal((await readSnapshotChain(store, KEY, newest(chain))).length, 4);
});

test('two attempts that reach the same state agree, whoever commits it first', async (context) => {
  const store = await temporaryStore(context);
  const first = await commitSnapshot(store, KEY, await makeSnapshot(store, undefined, { lease: 0, host: 'a' }));
  const second = await commitSnapshot(store, KEY, await makeSnapshot(store, undefined, { lease: 1, host: 'b' }));
  assert.deepEqual(second, first);
  assert.equal(second.envelope.host, 'a');
});

test('different tensors at one step raise the determinism alarm with step, digests and hosts', async (context) => {
  const store = await temporaryStore(context);
  const theirs = await commitSnapshot(store, KEY, await makeSnapshot(store, undefined, { host: 'machine-a' }));
  const ours = await makeSnapshot(store, undefined, { host: 'machine-b', state: await saveState(store, 0.5) });
  await assert.rejects(commitSnapshot(store, KEY, ours), (error) => {
    assert.ok(error instanceof RootstockError && error.code === 'DETERMINISM_VIOLATION');
    for (const fact of ['step 10', theirs.stateDigest, ours.stateDigest, 'machine-a', 'machine-b'])
      assert.ok(error.message.includes(fact), fact);
    return true;
  });
  // A monitor that differs at the same step of the same sequence is as bad.
  const monitor = await makeSnapshot(store, undefined, { monitor: { wait: 1 } });
  await assert.rejects(commitSnapshot(store, KEY, monitor), code('DETERMINISM_VIOLATION'));
});

test('another attempt that took the number at another step costs the lease, it is no alarm', async (context) => {
  const store = await temporaryStore(context);
  const [first] = await commit(store, 1);
  await commitSnapshot(store, KEY, await makeSnapshot(store, first, { step: 20 }));
  await assert.rejects(commitSnapshot(store, KEY, await makeSnapshot(store, first, { step: 25 })), code('LEASE_LOST'));
});

test('the same tensors at the same step of another sequence are no alarm', async (context) => {
  const store = await temporaryStore(context);
  const first = await makeSnapshot(store, undefined, { step: 10 });
  const otherFirst = await makeSnapshot(store, undefined, { step: 5 });
  await commitSnapshot(store, KEY, first);
  await commitSnapshot(store, KEY, await makeSnapshot(store, first, { step: 20 }));
  await assert.rejects(commitSnapshot(store, KEY, await makeSnapshot(store, otherFirst, { step: 20 })), code('LEASE_LOST'));
});

test('the state digest covers the content and not the envelope', async (context) => {
  const store = await temporaryStore(context);
  const base = await makeSnapshot(store, undefined);
  assert.equal((await makeSnapshot(store, undefined, { lease: 7, host: 'elsewhere' })).stateDigest, base.stateDigest);
  for (const change of [
    { epoch: 1 },
    { batch: 3 },
    { samplesSeen: 1 },
    { counters: { a: 1 } },
    { monitor: { a: 1 } },
    { best: base.state },
  ]) {
    assert.notEqual((await makeSnapshot(store, undefined, change)).stateDigest, base.stateDigest, JSON.stringify(change));
  }
});

test('pruning keeps the newest tensors, all manifests and the whole ledger', async (context) => {
  const store = await temporaryStore(context);
  const chain = await commit(store, 6);
  assert.equal(await pruneSnapshots(store, KEY, { newest: 5, keep: 2 }), 4);
  assert.deepEqual(await Promise.all(chain.map(({ state }) => store.has(state))), [false, false, false, false, true, true]);
  assert.equal(await pruneSnapshots(store, KEY, { newest: 5, keep: 2 }), 0);
  assert.equal((await readSnapshotChain(store, KEY, newest(chain))).length, 6);
  const ledger = await collectLedger(store, KEY, newest(chain));
  assert.equal((await readAll(store, ledger)).toString(), [10, 20, 30, 40, 50, 60].map((step) => `${step},loss,0.5\n`).join(''));
  assert.deepEqual(await findNewestSnapshot(store, KEY, 0), newest(chain));
});

test('pruning keeps best weights that a kept snapshot still refers to, and state that it shares', async (context) => {
  const store = await temporaryStore(context);
  const best = await saveState(store, 777);
  const first = await commitSnapshot(store, KEY, await makeSnapshot(store, undefined, { best }));
  const second = await commitSnapshot(store, KEY, await makeSnapshot(store, first, { best, state: first.state }));
  await pruneSnapshots(store, KEY, { newest: 1, keep: 1 });
  assert.deepEqual([await store.has(best), await store.has(first.state)], [true, true]);
  const third = await commitSnapshot(store, KEY, await makeSnapshot(store, second, { best: await saveState(store, 888) }));
  await pruneSnapshots(store, KEY, { newest: third.n, keep: 1 });
  assert.deepEqual([await store.has(best), await store.has(first.state), await store.has(third.state)], [false, false, true]);
});

test('two stages that pass through the same weights do not share their tensors, so pruning one spares the other', async (context) => {
  const store = await temporaryStore(context);
  const other = 'cd'.repeat(32);
  const [here, there] = [await saveState(store, 1, KEY), await saveState(store, 1, other)];
  assert.notEqual(here.digest, there.digest);
  const tensors = await loadStageState(store, KEY, here);
  assert.deepEqual([...tensors.keys()], ['weights/w']);
  assert.deepEqual(await saveStageState(store, KEY, tensors), here);
  await assert.rejects(loadStageState(store, KEY, there), code('CHECKPOINT_INVALID'));
});

test('a damaged ledger segment sets the rest of the sequence aside and asks for another attempt', async (context) => {
  const store = await temporaryStore(context);
  const chain = await commit(store, 4);
  await damage(blob(store, chain[2]?.ledger.segment as Ref));
  await assert.rejects(collectLedger(store, KEY, newest(chain)), code('ARTIFACT_CORRUPT'));
  assert.deepEqual(await findNewestSnapshot(store, KEY), chain[1]);
});
