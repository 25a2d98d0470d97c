import assert from 'node:assert/strict';
import test from 'node:test';
import type { TensorData, Weights } from '../../src/contracts/tensors.ts';
import { applyMatch } from '../../src/transfer/apply-match.ts';
import { initialiseWeights } from '../../src/transfer/initialise.ts';
import { match } from '../../src/transfer/match.ts';
import { mlp } from './trees.ts';

const valuesOf = (weights: Weights): Record<string, number[]> =>
  Object.fromEntries([...weights].map(([path, { data }]) => [path, [...data]]));

void test('matched tensors take the pre-trained values, all others keep their fresh ones, in the order of the new model', () => {
  const model = mlp(2, 3, 1);
  const [source, fresh] = [initialiseWeights(model, 1), initialiseWeights(model, 2)];
  const initial = applyMatch(match(model, model, { 'module.0': 'module.0' }).report, source, fresh);
  assert.deepEqual(valuesOf(initial), {
    ...valuesOf(fresh),
    'module.0.weight': valuesOf(source)['module.0.weight'],
    'module.0.bias': valuesOf(source)['module.0.bias'],
  });
  assert.deepEqual([...initial.keys()], [...fresh.keys()]);
});

void test('one source feeds several targets with copies, so that training one does not change the other', () => {
  const model = mlp(2, 3, 3, 3, 1);
  const source = initialiseWeights(model, 1);
  const initial = applyMatch(match(model, model, { 'module.2': ['module.2', 'module.4'] }).report, source, initialiseWeights(model, 2));
  (initial.get('module.2.weight') as TensorData).data[0] = 99;
  assert.notEqual(initial.get('module.4.weight')?.data[0], 99);
  assert.notEqual(source.get('module.2.weight')?.data[0], 99);
});

void test('weights that are not those of the report are refused, all at once', () => {
  const model = mlp(2, 3, 1);
  const { report } = match(model, model, null);
  const source = new Map([...initialiseWeights(model, 1)].filter(([path]) => path !== 'module.0.bias'));
  source.set('module.2.bias', { shape: [2], dtype: 'float32', data: new Float32Array(2) });
  assert.throws(() => applyMatch(report, source, initialiseWeights(model, 2)), {
    code: 'SHAPE_MISMATCH',
    message: /module\.0\.bias: expected float32 \[3\], received nothing[^]*module\.2\.bias: expected float32 \[1\], received float32 \[2\]/,
  });
});
