import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkNumbers } from '../../../src/artifacts/saved-model/check-weights.ts';

const weights = (...values: number[]) =>
  new Map([['head.weight', { shape: [values.length], dtype: 'float32' as const, data: Float32Array.from(values) }]]);

void test('weights with NaN are refused by name and count, infinities are not', () => {
  checkNumbers(weights(0, -1, Number.NEGATIVE_INFINITY), '/models/a');
  assert.throws(() => checkNumbers(weights(Number.NaN, 1, Number.NaN), '/models/a'), {
    code: 'CHECKPOINT_INVALID',
    message: /^"\/models\/a" holds NaN in 1 of 1 tensor,.*\n {2}head\.weight: 2 of 3 values are NaN\nFix: /u,
  });
});
