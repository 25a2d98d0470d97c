import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../../src/kernels/backend.ts';
import { describeBatchNorm, forwardBatchNorm } from '../../../src/models/nn/batch-norm.ts';
import { enter, rootScope } from '../../../src/models/nn/scope.ts';
import { assertClose, floats, hasCode, testContext } from '../support.ts';

const params = () => ({
  'bn.weight': tf.tensor1d([2, 1]),
  'bn.bias': tf.tensor1d([0, 0.5]),
  'bn.running_mean': tf.tensor1d([1, 0]),
  'bn.running_var': tf.tensor1d([4, 1]),
  'bn.num_batches_tracked': tf.scalar(3, 'int32'),
});
const x = () => tf.tensor2d([1, 10, 3, 30], [2, 2]);

void test('parameters start at one and zero, statistics at zero and one, the counter is an int64 buffer', () => {
  const summary = describeBatchNorm('bn', 2).map(({ path, shape, dtype, kind, initializer }) => [
    path,
    shape,
    dtype,
    kind,
    initializer.kind,
  ]);
  assert.deepEqual(summary, [
    ['bn.weight', [2], 'float32', 'parameter', 'ones'],
    ['bn.bias', [2], 'float32', 'parameter', 'zeros'],
    ['bn.running_mean', [2], 'float32', 'buffer', 'zeros'],
    ['bn.running_var', [2], 'float32', 'buffer', 'ones'],
    ['bn.num_batches_tracked', [], 'int64', 'buffer', 'zeros'],
  ]);
});

void test('in train mode the batch is normalised by itself and the statistics move by a tenth, unbiased', async () => {
  await loadBackend('wasm');
  const { ctx, buffers } = testContext({});
  const y = tf.tidy(() => forwardBatchNorm(enter(rootScope(params(), ctx), 'bn'), x()));
  // Columns (1, 3) and (10, 30): deviations are 1 and 10, so +-1 up to eps, times weight plus bias.
  assertClose(floats(y), [-2, -0.5, 2, 1.5], { tolerance: 1e-5, what: 'output' });
  const updated = (name: string) => floats(buffers.get(`bn.${name}`) as tf.Tensor);
  assertClose(updated('running_mean'), [0.9 * 1 + 0.1 * 2, 0.1 * 20], { tolerance: 1e-6, what: 'running_mean' });
  assertClose(updated('running_var'), [0.9 * 4 + 0.1 * 2, 0.9 + 0.1 * 200], { tolerance: 1e-6, what: 'running_var' });
  assert.deepEqual([...updated('num_batches_tracked')], [4]);
});

void test('in eval mode (frozen, too) the running statistics are used and stay', async () => {
  await loadBackend('wasm');
  const { ctx, buffers } = testContext({}, { mode: 'eval' });
  const y = tf.tidy(() => forwardBatchNorm(enter(rootScope(params(), ctx), 'bn'), x()));
  assertClose(floats(y), [0, 10.5, 2, 30.5], { tolerance: 1e-5, what: 'output' });
  assert.equal(buffers.size, 0);
});

void test('a batch of one row has no variance: training on it is an error that says what to change', async () => {
  await loadBackend('wasm');
  const { ctx } = testContext({});
  assert.throws(
    () => forwardBatchNorm(enter(rootScope(params(), ctx), 'bn'), tf.tensor2d([1, 2], [1, 2])),
    hasCode('MODEL_CONFIG_INVALID', /bn: .*at least 2.*batch_size/s),
  );
});
