import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { openFsStore } from '../../src/artifacts/fs-store.ts';
import { collectGarbage } from '../../src/artifacts/gc.ts';
import { putJson } from '../../src/artifacts/json-blob.ts';
import { collectRefs } from '../../src/artifacts/json-refs.ts';
import type { ArtifactStore } from '../../src/artifacts/store.ts';
import type { Json } from '../../src/contracts/json.ts';
import { RootstockError } from '../../src/errors.ts';
import { readAll } from '../helpers/store-faults.ts';
import { createRandom, createScheduler } from '../helpers/store-schedule.ts';
import { SimFs, SimulatedCrash } from '../helpers/store-sim-fs.ts';
import { asProcess } from '../helpers/store-sim-process.ts';

const ROOT = '/home/user/state/store';
const SEEDS = [1, 2, 3];
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const WEIGHTS = new Uint8Array(Buffer.alloc(4500, 'weights '));
const WEIGHTS_REF = { digest: createHash('sha256').update(WEIGHTS).digest('hex'), byteLength: WEIGHTS.byteLength };

interface Crashed<T> {
  /** A disk as the power cut left it. */
  readonly fs: SimFs;
  /** What the operation returned; undefined when the crash came before. */
  readonly returned: T | undefined;
  readonly where: string;
}

/** Different disks that one crash may leave are tried this many times once the operation has returned: that promise is the strong one. */
const CRASHES_AFTER_RETURN = 6;

/** Runs an operation on a fresh disk again and again, with a crash after each of its calls in turn, and some after all of them. */
async function* crashEverywhere<T>(operation: (fs: SimFs) => Promise<T>): AsyncGenerator<Crashed<T>> {
  for (const seed of SEEDS) {
    let afterReturn = 0;
    for (let crashAfter = 0; afterReturn < CRASHES_AFTER_RETURN; crashAfter += 1) {
      const fs = new SimFs({ crashAfter });
      const returned = await survive(() => operation(fs));
      const where = `seed ${seed}, crash after call ${crashAfter}: ${fs.log.at(-1)}`;
      fs.crash(seed * 10_007 + crashAfter);
      yield { fs, returned, where };
      if (returned !== undefined) afterReturn += 1;
    }
  }
}

async function survive<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof SimulatedCrash) return undefined;
    throw error;
  }
}

async function readOrNothing(store: ArtifactStore, ref: { digest: string; byteLength: number }): Promise<Buffer | undefined> {
  try {
    return await readAll(store, ref);
  } catch (error) {
    if (error instanceof RootstockError && error.code === 'ARTIFACT_NOT_FOUND') return undefined;
    throw error;
  }
}

test('a power cut after any call of put leaves all bytes or nothing, and all once it has returned', async () => {
  for await (const { fs, returned, where } of crashEverywhere(async (fs) => (await openFsStore(ROOT, { fs })).put([WEIGHTS]))) {
    const store = await openFsStore(ROOT, { fs });
    const found = await readOrNothing(store, WEIGHTS_REF);
    if (returned !== undefined) assert.ok(found, `lost a blob that put had returned (${where})`);
    if (found !== undefined) assert.deepEqual(new Uint8Array(found), WEIGHTS, where);
    assert.deepEqual(await store.put([WEIGHTS]), WEIGHTS_REF, where);
  }
});

test('a power cut after any call of a second put of the same bytes does not lose them once it has returned', async () => {
  const twice = async (fs: SimFs) => {
    // The first writer dies at once after its link: its blob has a name that is not durable yet.
    const first = await openFsStore(ROOT, { fs });
    const before = fs.calls;
    await first.put([WEIGHTS]);
    const linked = fs.log.findIndex((call, index) => index >= before && call.startsWith('link') && call.includes(WEIGHTS_REF.digest));
    return linked + 1;
  };
  const linkedAt = await twice(new SimFs());
  for (const seed of SEEDS) {
    for (let crashAfter = 0; ; crashAfter += 1) {
      const fs = new SimFs({ crashAfter: linkedAt });
      await survive(() => twice(fs));
      fs.restart({ crashAfter });
      const returned = await survive(async () => (await openFsStore(ROOT, { fs })).put([WEIGHTS]));
      fs.crash(seed * 10_007 + crashAfter);
      const found = await readOrNothing(await openFsStore(ROOT, { fs }), WEIGHTS_REF);
      if (returned !== undefined) assert.ok(found, `lost a blob after call ${crashAfter}`);
      if (returned !== undefined) break;
    }
  }
});

test('a power cut after any call of createIfAbsent leaves the whole document or none, and the document once it has returned', async () => {
  const create = async (fs: SimFs) => (await openFsStore(ROOT, { fs })).createIfAbsent('stages/k/snap-0', WEIGHTS);
  for await (const { fs, returned, where } of crashEverywhere(create)) {
    const store = await openFsStore(ROOT, { fs });
    const found = await store.read('stages/k/snap-0');
    if (returned !== undefined) assert.ok(found, `lost a document that createIfAbsent had returned (${where})`);
    if (found !== undefined) assert.deepEqual(new Uint8Array(found), WEIGHTS, where);
    const again = await store.createIfAbsent('stages/k/snap-0', bytes('other'));
    assert.equal(again.created, found === undefined, where);
  }
});

test('a document that createIfAbsent has found is durable for the finder too', async () => {
  for (const seed of SEEDS) {
    const base = new SimFs();
    const store = await openFsStore(ROOT, { fs: base });
    const before = base.calls;
    await store.createIfAbsent('d', bytes('first'));
    const link = base.log.findIndex((call, index) => index >= before && call === `link ${ROOT}/refs/d`);
    const fs = new SimFs({ crashAfter: link + 1 });
    await survive(async () => (await openFsStore(ROOT, { fs })).createIfAbsent('d', bytes('first')));
    fs.restart();
    const found = await (await openFsStore(ROOT, { fs })).createIfAbsent('d', bytes('second'));
    assert.equal(found.created, false);
    fs.crash(seed);
    assert.deepEqual(Buffer.from((await (await openFsStore(ROOT, { fs })).read('d')) ?? []).toString(), 'first');
  }
});

test('a power cut after any call of compareAndSet leaves the old or the new value, and the new one once it has returned', async () => {
  const change = async (fs: SimFs) => {
    const store = await openFsStore(ROOT, { fs });
    await store.compareAndSet('p', null, bytes('old'));
    return store.compareAndSet('p', bytes('old'), bytes('new'));
  };
  for await (const { fs, returned, where } of crashEverywhere(change)) {
    const value = await (await openFsStore(ROOT, { fs })).read('p');
    const text = value === undefined ? undefined : Buffer.from(value).toString();
    assert.ok([undefined, 'old', 'new'].includes(text), where);
    if (returned !== undefined) assert.equal(text, 'new', where);
  }
});

test('a power cut after any call of setAside brings a document back whole or not at all, and not once it has returned', async () => {
  const setAside = async (fs: SimFs) => {
    const store = await openFsStore(ROOT, { fs });
    await store.createIfAbsent('d', WEIGHTS);
    await store.setAside('d');
    return true;
  };
  for await (const { fs, returned, where } of crashEverywhere(setAside)) {
    const found = await (await openFsStore(ROOT, { fs })).read('d');
    if (returned !== undefined) assert.equal(found, undefined, where);
    else if (found !== undefined) assert.deepEqual(new Uint8Array(found), WEIGHTS, where);
  }
});

test('the id of a store survives a power cut once it has been given out', async () => {
  for await (const { fs, returned, where } of crashEverywhere(async (fs) => (await openFsStore(ROOT, { fs })).id)) {
    const { id } = await openFsStore(ROOT, { fs });
    if (returned !== undefined) assert.equal(id, returned, where);
  }
});

test('a blob without a reference that is written again while garbage is collected stays, wherever the collection dies', async () => {
  const old = async (fs: SimFs) => {
    const store = await openFsStore(ROOT, { fs });
    await store.put([WEIGHTS]);
    fs.advance(10 * 3600 * 1000);
  };
  for (let seed = 1; seed <= 60; seed += 1) {
    const fs = new SimFs();
    await old(fs);
    const random = createRandom(seed);
    // In every second schedule the collection's process dies after some of its calls.
    const turn = createScheduler(seed);
    const collector = asProcess(fs, { turn, crashAfter: seed % 2 === 0 ? Math.floor(random() * 60) : undefined });
    const writer = asProcess(fs, { turn });
    const collect = survive(() => collectGarbage(ROOT, { fs: collector, now: fs.now }));
    const use = (async () => {
      const store = await openFsStore(ROOT, { fs: writer });
      const ref = await store.put([WEIGHTS]);
      await store.createIfAbsent('uses', bytes(JSON.stringify({ ref })));
      return ref;
    })();
    const [, ref] = await Promise.all([collect, use]);
    const after = await openFsStore(ROOT, { fs });
    assert.deepEqual(new Uint8Array(await readAll(after, ref)), WEIGHTS, `seed ${seed}`);
    await collectGarbage(ROOT, { fs, now: fs.now + 10 * 3600 * 1000 });
    assert.deepEqual(new Uint8Array(await readAll(after, ref)), WEIGHTS, `seed ${seed}, after another collection`);
  }
});

test('two attempts, a garbage collection and a power cut: every reference that is left can be followed, and no pointer step is lost', async () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = createRandom(seed);
    const fs = new SimFs({ crashAfter: 100 + Math.floor(random() * 500), turn: createScheduler(seed) });
    const steps: number[] = [];
    const attempt = async (name: string) => {
      const store = await openFsStore(ROOT, { fs });
      for (let step = 0; step < 3; step += 1) {
        const state = await store.put([bytes(`state ${step} `.repeat(300))]);
        const snapshot = await putJson(store, { step, state });
        await store.createIfAbsent(`stages/snap-${step}`, bytes(JSON.stringify({ snapshot })));
        await store.createIfAbsent(`attempts/${name}-${step}`, bytes(JSON.stringify({ state })));
        const current = await store.read('counter');
        const next = Number(current === undefined ? 0 : Buffer.from(current).toString()) + 1;
        if (await store.compareAndSet('counter', current ?? null, bytes(String(next)))) steps.push(next);
      }
    };
    await Promise.all([
      survive(() => attempt('a')),
      survive(() => attempt('b')),
      survive(() => collectGarbage(ROOT, { fs, now: fs.now }).catch(ignoreNoStore)),
    ]);
    fs.crash(seed);
    const store = await openFsStore(ROOT, { fs });
    for (const name of await store.list('')) {
      const body = Buffer.from((await store.read(name)) ?? []).toString();
      for (const ref of collectRefs(JSON.parse(body) as Json)) {
        const content = await readAll(store, ref);
        if (content.toString().startsWith('{'))
          for (const inner of collectRefs(JSON.parse(content.toString()) as Json)) await readAll(store, inner);
      }
    }
    assert.equal(new Set(steps).size, steps.length, `two writers won the same step of the pointer (seed ${seed})`);
    const counter = await store.read('counter');
    const value = counter === undefined ? 0 : Number(Buffer.from(counter).toString());
    assert.ok(value >= Math.max(0, ...steps), `the pointer lost a step (seed ${seed})`);
  }
});

function ignoreNoStore(error: unknown): void {
  if (!(error instanceof RootstockError && error.code === 'FILE_NOT_FOUND')) throw error;
}
