import assert from 'node:assert/strict';
import test from 'node:test';
import { initialiseTensor, initialiseWeights } from '../../src/transfer/initialise.ts';
import { mlp, spec, tree } from './trees.ts';

void test('first values depend on seed and path only: neither on order nor on the other tensors', () => {
  const whole = initialiseWeights(tree({ 'a.weight': [3], 'b.weight': [3] }), 7);
  const part = initialiseWeights(tree({ 'b.weight': [3] }), 7);
  assert.deepEqual(whole.get('b.weight'), part.get('b.weight'));
  assert.notDeepEqual(whole.get('a.weight')?.data, whole.get('b.weight')?.data);
  assert.notDeepEqual(initialiseWeights(tree({ 'b.weight': [3] }), 8).get('b.weight'), part.get('b.weight'));
});

void test('seed 0 gives values like any other seed', () => {
  const { data } = initialiseTensor(spec('w', [100]), 0);
  assert.equal(new Set(data).size, 100);
});

void test('each initialiser gives what its name says', () => {
  const make = (initializer: Parameters<typeof initialiseTensor>[0]['initializer']): number[] => [
    ...initialiseTensor({ ...spec('w', [2000]), initializer }, 1).data,
  ];
  assert.ok(make({ kind: 'zeros' }).every((value) => value === 0));
  assert.ok(make({ kind: 'ones' }).every((value) => value === 1));
  assert.ok(make({ kind: 'constant', value: 0.25 }).every((value) => value === 0.25));
  const uniform = make({ kind: 'uniform', low: -2, high: -1 });
  assert.ok(uniform.every((value) => value >= -2 && value <= -1));
  assert.ok(Math.max(...uniform) - Math.min(...uniform) > 0.98);
  const normal = make({ kind: 'normal', mean: 5, std: 2 });
  const mean = normal.reduce((sum, value) => sum + value, 0) / normal.length;
  // Standard deviation of the mean: 2 / sqrt(2000) = 0.045; four of them.
  assert.ok(Math.abs(mean - 5) < 0.18);
});

void test('an int64 buffer becomes whole numbers, a scalar has one value, and random starts of integers are refused', () => {
  assert.deepEqual(initialiseTensor(spec('bn.num_batches_tracked', []), 1), { shape: [], dtype: 'int64', data: Int32Array.of(0) });
  assert.throws(
    () => initialiseTensor({ ...spec('bn.num_batches_tracked', []), initializer: { kind: 'normal', mean: 0, std: 1 } }, 1),
    TypeError,
  );
});

void test('golden: first values of one tensor (made by this generator; a change needs a new NUMERICS_VERSION)', () => {
  assert.deepEqual(
    [...(initialiseWeights(mlp(2, 3, 1), 42).get('module.0.bias')?.data ?? [])],
    [-0.42163872718811035, 0.12401008605957031, 0.11997956037521362],
  );
});
