import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { canonicalJson } from '../../src/contracts/canonical-json.ts';
import { decodeNumber, encodeNumber, type Json } from '../../src/contracts/json.ts';

test('canonical JSON sorts keys at every depth and has no white space', () => {
  assert.equal(canonicalJson({ b: [1, { d: null, c: 'x' }], a: true }), '{"a":true,"b":[1,{"c":"x","d":null}]}');
});

test('canonical JSON reads back as the same value, whatever it is', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(JSON.parse(canonicalJson(value as Json)), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('a number that is not JSON is refused instead of becoming null', () => {
  assert.throws(() => canonicalJson({ loss: Number.NaN }), /encodeNumber/u);
});

test('NaN and infinities survive the codec', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1])
    assert.equal(Object.is(decodeNumber(encodeNumber(value)), value), true);
});
