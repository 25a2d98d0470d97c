import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { composedOps } from '../../src/ops/composed-ops.ts';
import { fusedOps } from '../../src/ops/fused-ops.ts';
import type { LossSpec } from '../../src/ops/loss-spec.ts';
import type { Ops } from '../../src/ops/ops.ts';
import { matrix } from './fused-support.ts';

before(async () => {
  await loadBackend('wasm');
});

const MEAN: LossSpec = { kind: 'reduced', element: { name: 'MSELoss' }, reduction: 'mean', scale: 1 };

type Pair = readonly [tf.Tensor, tf.Tensor];

/** Loss and gradients of prediction and target, bit by bit; the loss is weighted, as a batch of an accumulation window is. */
function bitsOf(ops: Ops, spec: LossSpec, [prediction, target]: Pair): readonly Float32Array[] {
  return tf.tidy(() => {
    let loss: tf.Tensor | undefined;
    const { grads } = tf.engine().gradients(() => {
      const value = ops.loss(spec, { prediction, target });
      loss = tf.keep(tf.clone(value));
      return tf.mul(value, 0.3);
    }, [prediction, target]);
    const found = [loss as tf.Tensor, ...grads].map((tensor) => Float32Array.from(tensor.dataSync()));
    (loss as tf.Tensor).dispose();
    return found;
  });
}

test('the mean squared error has the bits of the composed one, in value and gradients', () => {
  for (const [rows, columns] of [
    [1, 1],
    [2, 3],
    [64, 1],
    [63, 5],
    [1000, 7],
    [9000, 1],
  ] as const) {
    const pair = [matrix(rows, columns, 1), matrix(rows, columns, 2)] as const;
    for (const scale of [1, 0.25]) {
      assert.deepEqual(
        bitsOf(fusedOps(), { ...MEAN, scale }, pair),
        bitsOf(composedOps(), { ...MEAN, scale }, pair),
        `[${rows}, ${columns}]`,
      );
    }
  }
});

test('the mean squared error of rows of numbers has the bits of the composed one, too', () => {
  const pair = [matrix(64, 3, 1), matrix(64, 3, 2)] as const;
  const asHead = (ops: Ops): Ops => ({ ...ops, loss: (_, { prediction, target }) => ops.mseLoss(prediction, target) });
  assert.deepEqual(bitsOf(asHead(fusedOps()), MEAN, pair), bitsOf(asHead(composedOps()), MEAN, pair));
  assert.throws(() => fusedOps().mseLoss(matrix(4, 3, 1), matrix(4, 1, 2)), { code: 'INTERNAL' });
});

test('the mean squared error of NaN is NaN, and of values that overflow infinity', () => {
  for (const value of [Number.NaN, 3e38, Number.POSITIVE_INFINITY]) {
    const pair = [tf.tensor([[value], [1]]), tf.tensor([[-1], [2]])] as const;
    const [loss] = bitsOf(fusedOps(), MEAN, pair);
    assert.deepEqual(loss, bitsOf(composedOps(), MEAN, pair)[0], String(value));
  }
});

test('what a batch adds to a mean squared error has the bits of the composed one, and leaves two numbers', () => {
  const read = (ops: Ops, spec: LossSpec, [prediction, target]: Pair) => {
    const before = tf.memory().numTensors;
    const terms = tf.tidy(() => ops.lossTerms(spec, { prediction, target }).means.flatMap(({ sum, count }) => [sum, count as tf.Tensor]));
    assert.equal(tf.memory().numTensors, before + 2);
    const found = terms.map((tensor) => Float32Array.from(tensor.dataSync()));
    tf.dispose(terms);
    return found;
  };
  for (const [rows, columns] of [
    [1, 1],
    [127, 3],
    [9000, 1],
  ] as const) {
    const pair = [matrix(rows, columns, 1), matrix(rows, columns, 2)] as const;
    for (const scale of [1, 0.3]) {
      const spec: LossSpec = { ...MEAN, scale };
      assert.deepEqual(read(fusedOps(), spec, pair), read(composedOps(), spec, pair), `[${rows}, ${columns}] times ${scale}`);
    }
  }
});

test('losses of other shapes and other reductions stay composed', () => {
  const cases: readonly (readonly [LossSpec, Pair])[] = [
    [MEAN, [matrix(4, 3, 1), matrix(4, 1, 2)]],
    [{ ...MEAN, reduction: 'sum' }, [matrix(4, 3, 1), matrix(4, 3, 2)]],
    [{ ...MEAN, element: { name: 'L1Loss' } }, [matrix(4, 3, 1), matrix(4, 3, 2)]],
    [MEAN, [tf.zeros([0, 1]), tf.zeros([0, 1])]],
  ];
  for (const [spec, pair] of cases) assert.deepEqual(bitsOf(fusedOps(), spec, pair), bitsOf(composedOps(), spec, pair));
});

test('the mean squared error leaves no tensor behind', () => {
  const pair = [matrix(64, 1, 1), matrix(64, 1, 2)] as const;
  const before = tf.memory().numTensors;
  bitsOf(fusedOps(), MEAN, pair);
  assert.equal(tf.memory().numTensors, before);
});
