import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../../src/kernels/backend.ts';
import { forwardDropout } from '../../../src/models/nn/dropout.ts';
import { enter, rootScope } from '../../../src/models/nn/scope.ts';
import { assertClose, floats, testContext } from '../support.ts';

void test('in train mode the mask of the module is applied and the rest scaled by 1 / (1 - p)', async () => {
  await loadBackend('wasm');
  const asked: string[] = [];
  const { ctx } = testContext(
    {},
    {
      mask: (path, shape) => {
        asked.push(`${path} [${shape.join(', ')}]`);
        return tf.tensor2d([1, 0, 0, 1], [2, 2]);
      },
    },
  );
  const y = forwardDropout(enter(enter(rootScope({}, ctx), 'head'), 3), tf.tensor2d([3, 6, 9, 12], [2, 2]), 0.25);
  assertClose(floats(y), [4, 0, 0, 16], { tolerance: 1e-6, what: 'output' });
  assert.deepEqual(asked, ['head.3 [2, 2]']);
});

void test('in eval mode, and with p = 0, the input passes and no mask is drawn', async () => {
  await loadBackend('wasm');
  const x = tf.ones([2, 2]);
  assert.equal(forwardDropout(rootScope({}, testContext({}, { mode: 'eval' }).ctx), x, 0.5), x);
  assert.equal(forwardDropout(rootScope({}, testContext({}).ctx), x, 0), x);
});
