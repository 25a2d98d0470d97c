import assert from 'node:assert/strict';
import test from 'node:test';
import type { ModuleTree, TensorSpec, Weights } from '../../src/contracts/tensors.ts';
import { checkFinite } from '../../src/transfer/check-finite.ts';

const spec = (path: string, kind: TensorSpec['kind'], shape: readonly number[]): TensorSpec => ({
  path,
  kind,
  shape,
  dtype: 'float32',
  initializer: { kind: 'zeros' },
});
const tree: ModuleTree = { tensors: [spec('new.weight', 'parameter', [2, 3]), spec('new.mask', 'buffer', [2])] };
const report = {
  matched: [
    { from: 'old.weight', to: 'new.weight' },
    { from: 'old.mask', to: 'new.mask' },
  ],
};

function check(weight: readonly number[], mask: readonly number[]): void {
  const tensor = (shape: readonly number[], values: readonly number[]) => ({
    shape,
    dtype: 'float32' as const,
    data: new Float32Array(values),
  });
  const weights: Weights = new Map([
    ['old.weight', tensor([2, 3], weight)],
    ['old.mask', tensor([2], mask)],
    ['old.unused', tensor([1], [Number.NaN])],
  ]);
  checkFinite(weights, { report, tree, source: 'models/a' });
}

test('NaN and infinities in a matched parameter are refused with path, count and the first place', () => {
  for (const [bad, shown] of [
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
  ] as const) {
    assert.throws(() => check([1, 2, 3, 4, bad, bad], [0, 0]), {
      code: 'CHECKPOINT_INVALID',
      message: new RegExp(
        `^"models/a" cannot be started from: 1 of 2 matched tensors holds NaN .*\\n {2}old\\.weight: 2 of 6 values, the first at \\[1, 1\\]: ${shown}\\nFix: `,
        'u',
      ),
    });
  }
});

test('a matched buffer may hold infinities but no NaN, and a tensor that nothing takes may hold anything', () => {
  check([1, 2, 3, 4, 5, 6], [Number.NEGATIVE_INFINITY, 0]);
  assert.throws(() => check([1, 2, 3, 4, 5, 6], [0, Number.NaN]), { message: /old\.mask: 1 of 2 values, the first at \[1\]: NaN/u });
});
