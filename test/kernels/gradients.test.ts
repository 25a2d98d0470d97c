import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { gradientsOf } from '../../src/kernels/gradients.ts';
import { tape } from '../../src/kernels/tape.ts';
import { fusedOps } from '../../src/ops/fused-ops.ts';
import { matrix } from '../ops/fused-support.ts';

await loadBackend('wasm');

/** Values of tensors; null stays null. */
function valuesOf(tensors: readonly (tf.Tensor | null | undefined)[]): readonly (readonly number[] | null)[] {
  return tensors.map((tensor) => (tensor ? [...tensor.dataSync()] : null));
}

/** Frees what the work makes, whatever it gives. */
function within<T>(work: () => T): T {
  tf.engine().startScope();
  try {
    return work();
  } finally {
    tf.engine().endScope();
  }
}

/** tfjs's own way, which leaves holes where there is no gradient. */
function byEngine(f: () => tf.Tensor, xs: readonly tf.Tensor[]) {
  return within(() => {
    const { value, grads } = tf.engine().gradients(f, [...xs], undefined, true);
    return valuesOf([value, ...grads]);
  });
}

function byUs(f: () => tf.Tensor, xs: readonly tf.Tensor[]) {
  return within(() => {
    const { value, gradients } = gradientsOf(f, xs);
    return valuesOf([value, ...gradients]);
  });
}

const [a, b, c, w] = [matrix(5, 4, 1), matrix(5, 4, 2), matrix(5, 4, 3), matrix(4, 4, 4)];

for (const [what, f, xs] of [
  ['a sum of products', () => tf.sum(tf.mul(a, b)), [a, b]],
  ['a tensor read three times', () => tf.sum(tf.mul(tf.add(a, tf.mul(a, b)), tf.square(a))), [a, b]],
  [
    'paths that part and meet',
    () => {
      const hidden = tf.tanh(tf.matMul(a, w));
      return tf.mean(tf.square(tf.sub(tf.add(hidden, tf.matMul(hidden, w)), c)));
    },
    [w, a],
  ],
  ['a constant among the inputs', () => tf.sum(tf.mul(tf.exp(a), c)), [a]],
  [
    'steps that the value does not come from',
    () => {
      tf.square(tf.mul(b, a));
      return tf.sum(tf.relu(a));
    },
    [a, b],
  ],
  ['a value that no x leads to', () => tf.sum(tf.square(c)), [a, b]],
  ['a value that is no scalar', () => tf.mul(a, b), [a, b]],
  [
    'an operation with several outputs',
    () => {
      const [first, , third] = tf.split(tf.concat([a, b, c], 1), 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
      return tf.sum(tf.mul(first, third));
    },
    [a, b, c],
  ],
  ['x itself', () => a, [a, b]],
] as readonly (readonly [string, () => tf.Tensor, readonly tf.Tensor[]])[]) {
  test(`gradients have the bits of tfjs's: ${what}`, () => {
    assert.deepEqual(byUs(f, xs), byEngine(f, xs));
  });
}

test('value and gradients are left, and nothing else', () => {
  const before = tf.memory().numTensors;
  const { value, gradients } = gradientsOf(() => tf.mean(tf.square(tf.matMul(tf.sigmoid(tf.matMul(a, w)), w))), [w, a]);
  assert.equal(tf.memory().numTensors, before + 3);
  tf.dispose([value, ...gradients.filter((gradient) => gradient !== null)]);
  assert.equal(tf.memory().numTensors, before);
});

test('gradients are our own when our kernels alone made them', () => {
  const ops = fusedOps();
  const [weight, bias] = [matrix(3, 4, 5), tf.tensor1d([1, 2, 3])];
  const target = matrix(5, 3, 6);
  const loss = (y: tf.Tensor) => ops.mseLoss(y, target);
  for (const [f, xs, expected] of [
    [() => loss(ops.linear(a, weight, bias, 'SiLU')), [weight, bias], true],
    // The sum hands its own gradient on to both: one memory.
    [() => loss(tf.add(ops.linear(a, weight, null), bias)), [weight, bias], false],
    [() => loss(tf.add(ops.linear(a, weight, null), bias)), [weight], true],
    [() => weight, [weight], false],
  ] as readonly (readonly [() => tf.Tensor, readonly tf.Tensor[], boolean])[])
    within(() => assert.equal(gradientsOf(f, xs).areOwn, expected));
});

test('a forward pass that throws leaves nothing behind and is not recorded any more', () => {
  const before = tf.memory().numTensors;
  const broken = () => {
    tf.square(tf.mul(a, b));
    throw new RangeError('out of luck');
  };
  assert.throws(() => gradientsOf(broken, [a]), { name: 'RangeError', message: 'out of luck' });
  assert.equal(tf.memory().numTensors, before);
  assert.equal(tape().isTapeOn(), false);
  assert.equal(tape().state.activeTape, null);
});

test('an operation on the way without a gradient is named', () => {
  assert.throws(() => within(() => gradientsOf(() => tf.sum(tf.topk(a, 2).values), [a])), /TopK has no gradient/);
});

test('a gradient of another shape than its input is refused, also one with as many elements', () => {
  const turned = tf.customGrad((x) => ({
    value: tf.sum(x as tf.Tensor),
    gradFunc: () => tf.zeros([4, 5]),
  }));
  assert.throws(() => within(() => gradientsOf(() => turned(a), [a])), /is float32 \[4,5\]; the input is \[5,4\]/);
});

test('what a model keeps and frees within its forward pass is there for the backward pass', () => {
  const ops = fusedOps();
  const compute = (kept: boolean) => () => {
    const hidden = tf.mul(a, 2);
    const y = ops.linear(kept ? tf.keep(hidden) : hidden, w, null, 'SiLU');
    if (kept) hidden.dispose();
    return tf.sum(y);
  };
  assert.deepEqual(byUs(compute(true), [w, a]), byUs(compute(false), [w, a]));
});
