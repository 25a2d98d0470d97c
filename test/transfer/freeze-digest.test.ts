import assert from 'node:assert/strict';
import test from 'node:test';
import type { TensorData } from '../../src/contracts/tensors.ts';
import { freezeDigest } from '../../src/transfer/freeze-digest.ts';

const weights = (values: Record<string, TensorData>) => new Map(Object.entries(values));
const tensor = (...data: number[]): TensorData => ({ shape: [data.length], dtype: 'float32', data: Float32Array.from(data) });
const base = { a: tensor(1, 2), b: tensor(3), c: tensor(4) };

void test('the receipt changes with one bit of a frozen tensor and with nothing else', () => {
  const digest = freezeDigest(weights(base), ['a', 'b']);
  assert.equal(freezeDigest(weights({ ...base, c: tensor(5) }), ['a', 'b']), digest);
  assert.notEqual(freezeDigest(weights({ ...base, a: tensor(1, Math.fround(2 + 2 ** -22)) }), ['a', 'b']), digest);
  assert.notEqual(
    freezeDigest(weights({ ...base, a: tensor(-0, 2) }), ['a', 'b']),
    freezeDigest(weights({ ...base, a: tensor(0, 2) }), ['a', 'b']),
  );
});

void test('the receipt covers shapes, paths and frozen buffers, in any order of the list', () => {
  const digest = freezeDigest(weights(base), ['a', 'b']);
  assert.equal(freezeDigest(weights(base), ['b', 'a', 'a']), digest);
  assert.equal(freezeDigest(weights(base), ['a'], ['b']), digest);
  assert.notEqual(freezeDigest(weights({ ...base, a: { ...tensor(1, 2), shape: [1, 2] } }), ['a', 'b']), digest);
  assert.notEqual(freezeDigest(weights({ ...base, d: base.b }), ['a', 'd']), digest);
});

void test('the receipt reads a view, not the buffer behind it', () => {
  const view: TensorData = { shape: [1], dtype: 'float32', data: Float32Array.of(9, 3, 9).subarray(1, 2) };
  assert.equal(freezeDigest(weights({ b: view }), ['b']), freezeDigest(weights(base), ['b']));
});

void test('golden: SHA-256 of [path, dtype, shape], a line feed and the bytes', () => {
  assert.equal(freezeDigest(weights(base), ['a', 'b']), 'db71d5c0eccbfb8e0302eb17c8901ee1d383d9b4a15b385f27193a2db8966769');
});

void test('a frozen path without a tensor is a bug and says so', () => {
  assert.throws(() => freezeDigest(weights(base), ['x']), { code: 'INTERNAL' });
});
