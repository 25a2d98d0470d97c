import assert from 'node:assert/strict';
import test from 'node:test';
import { getJson, putJson } from '../../src/artifacts/json-blob.ts';
import { collectRefs } from '../../src/artifacts/json-refs.ts';
import { RootstockError } from '../../src/errors.ts';
import { readAll, temporaryStore } from '../helpers/store-faults.ts';

const code = (expected: string) => (error: unknown) => error instanceof RootstockError && error.code === expected;

test('equal values have equal references, whatever the order of their keys', async (context) => {
  const store = await temporaryStore(context);
  const ref = await putJson(store, { b: [1, null, 'ä'], a: { y: 1e-7, x: undefined } });
  assert.deepEqual(await putJson(store, { a: { y: 1e-7 }, b: [1, null, 'ä'] }), ref);
  assert.equal((await readAll(store, ref)).toString(), '{"a":{"y":1e-7},"b":[1,null,"ä"]}');
  assert.deepEqual(await getJson(store, ref), { a: { y: 1e-7 }, b: [1, null, 'ä'] });
  assert.equal(await getJson(store, ref, (value) => Object.keys(value as object).length), 2);
});

test('what is not JSON is refused with its place', async (context) => {
  const store = await temporaryStore(context);
  for (const value of [
    { a: [Number.NaN] },
    { a: [new Map()] },
    { a: [new Float32Array(1)] },
    { a: [1n] },
    { a: [undefined] },
    { a: [() => 1] },
  ]) {
    await assert.rejects(putJson(store, value), (error) => code('INTERNAL')(error) && String(error).includes('a[0]'));
  }
});

test('a blob that is not JSON is refused', async (context) => {
  const store = await temporaryStore(context);
  await assert.rejects(getJson(store, await store.put([Buffer.of(0xff)])), code('INTERNAL'));
});

test('references are found anywhere in a document, and only references', () => {
  const [a, b] = [
    { digest: 'a'.repeat(64), byteLength: 1 },
    { digest: 'b'.repeat(64), byteLength: 2 },
  ];
  const found = collectRefs({
    x: [{ y: { ...a, rows: 3 } }, a],
    z: b,
    not: { digest: 'c'.repeat(64) },
    nor: { digest: 'short', byteLength: 1 },
  });
  assert.deepEqual(new Set(found.map(({ digest }) => digest)), new Set([a.digest, b.digest]));
  let deep: object = a;
  for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];
  assert.equal(collectRefs(deep as never).length, 1);
});
