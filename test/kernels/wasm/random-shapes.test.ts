import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../../src/kernels/backend.ts';
import { type GradientCase, type HostTensor, largestDifference, outputAndGradients, random } from '../conformance/case.ts';

/** Sums of up to about 2,000 products in float32, added in another order. */
const TOLERANCE = 3e-5;

/** Shapes per family; every one is another geometry. */
const ROUNDS = 24;

/** A stream of whole numbers from one seed. */
function chooser(seed: number) {
  let draw = 0;
  return (low: number, high: number): number => {
    draw += 1;
    const [value = 0] = random([1], seed * 7919 + draw, [0, 1]).values;
    return low + Math.floor(value * (high - low + 1));
  };
}
type Choose = ReturnType<typeof chooser>;

type Four = tf.Tensor4D;
const side = (choose: Choose): [number, number] => [choose(0, 2), choose(0, 2)];

const families: Readonly<Record<string, (choose: Choose, seed: number) => Omit<GradientCase, 'name' | 'smooth'>>> = {
  matMul(choose, seed) {
    const [m, k, n] = [choose(1, 20), choose(1, 70), choose(1, 20)];
    const [transposeA, transposeB] = [choose(0, 1) === 1, choose(0, 1) === 1];
    const lead = choose(0, 1) === 1 ? [choose(1, 3), choose(1, 3)] : [];
    return {
      inputs: [random([...lead, ...(transposeA ? [k, m] : [m, k])], seed), random([...lead, ...(transposeB ? [n, k] : [k, n])], seed + 1)],
      f: (...[a, b]) => tf.matMul(a as tf.Tensor, b as tf.Tensor, transposeA, transposeB),
    };
  },
  conv2d(choose, seed) {
    const kernel: [number, number] = [choose(1, 4), choose(1, 4)];
    const strides: [number, number] = choose(0, 1) === 1 ? [1, 1] : [choose(1, 3), choose(1, 3)];
    const explicit: [[number, number], [number, number], [number, number], [number, number]] = [[0, 0], side(choose), side(choose), [0, 0]];
    const pads = choose(0, 1) === 1 ? 'same' : explicit;
    const [c, o] = [choose(1, 5), choose(1, 5)];
    return {
      inputs: [random([choose(1, 3), choose(4, 9), choose(4, 9), c], seed), random([...kernel, c, o], seed + 1)],
      f: (...[x, w]) => tf.conv2d(x as Four, w as Four, strides, pads),
    };
  },
  depthwiseConv2d(choose, seed) {
    const strides: [number, number] = [choose(1, 3), choose(1, 3)];
    const pad = choose(0, 1) === 1 ? 'same' : 'valid';
    const [c, multiplier] = [choose(1, 4), choose(1, 2)];
    return {
      inputs: [random([choose(1, 3), choose(4, 8), choose(4, 8), c], seed), random([choose(1, 3), choose(1, 3), c, multiplier], seed + 1)],
      f: (...[x, w]) => tf.depthwiseConv2d(x as Four, w as Four, strides, pad),
    };
  },
  maxPool(choose, seed) {
    const size: [number, number] = [choose(1, 3), choose(1, 3)];
    const strides: [number, number] = [choose(1, 3), choose(1, 3)];
    const pad = choose(0, 1) === 1 ? 'same' : 'valid';
    return {
      inputs: [negative(random([choose(1, 3), choose(3, 8), choose(3, 8), choose(1, 4)], seed), choose)],
      f: (...[x]) => tf.maxPool(x as Four, size, strides, pad),
    };
  },
  maxPool3d(choose, seed) {
    // cpu's gradient is right for windows of equal height and width only.
    const square = choose(1, 3);
    const size: [number, number, number] = [choose(1, 2), square, square];
    const strides: [number, number, number] = [choose(1, 2), choose(1, 2), choose(1, 3)];
    const pad = choose(0, 1) === 1 ? 'same' : 'valid';
    return {
      inputs: [negative(random([choose(1, 2), choose(2, 4), choose(3, 5), choose(3, 5), choose(1, 3)], seed), choose)],
      f: (...[x]) => tf.maxPool3d(x as tf.Tensor5D, size, strides, pad),
    };
  },
  conv3d(choose, seed) {
    const strides: [number, number, number] = [choose(1, 2), choose(1, 2), choose(1, 2)];
    const pad = choose(0, 1) === 1 ? 'same' : 'valid';
    const [c, o] = [choose(1, 3), choose(1, 3)];
    return {
      inputs: [
        random([choose(1, 2), choose(2, 4), choose(3, 5), choose(2, 4), c], seed),
        random([choose(1, 2), choose(1, 3), choose(1, 2), c, o], seed + 1),
      ],
      f: (...[x, w]) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, strides, pad),
    };
  },
  dilation2d(choose, seed) {
    const c = choose(1, 3);
    const strides: [number, number] = [choose(1, 2), choose(1, 2)];
    const pad = choose(0, 1) === 1 ? 'same' : 'valid';
    return {
      inputs: [
        negative(random([choose(1, 2), choose(3, 7), choose(3, 7), c], seed), choose),
        random([choose(1, 3), choose(1, 3), c], seed + 1),
      ],
      f: (...[x, w]) => tf.dilation2d(x as Four, w as tf.Tensor3D, strides, pad),
    };
  },
  gather(choose, seed) {
    const [rows, width] = [choose(1, 6), choose(1, 50)];
    const indices = Array.from({ length: choose(1, 9) }, () => choose(0, rows - 1));
    return {
      inputs: [random([rows, width], seed)],
      f: (...[x]) => tf.gather(x as tf.Tensor, tf.tensor1d(indices, 'int32')),
    };
  },
  unsortedSegmentSum(choose, seed) {
    const [rows, width, segments] = [choose(1, 9), choose(1, 50), choose(1, 5)];
    const ids = Array.from({ length: rows }, () => choose(-1, segments - 1));
    return {
      inputs: [random([rows, width], seed)],
      f: (...[x]) => tf.unsortedSegmentSum(x as tf.Tensor, tf.tensor1d(ids, 'int32'), segments),
    };
  },
  slice(choose, seed) {
    const shape = Array.from({ length: choose(1, 4) }, () => choose(1, 6)).concat(choose(1, 60));
    const begin = shape.map((length) => choose(0, length - 1));
    const size = shape.map((length, axis) => choose(1, length - (begin[axis] ?? 0)));
    return { inputs: [random(shape, seed)], f: (...[x]) => tf.slice(x as tf.Tensor, begin, size) };
  },
  concat(choose, seed) {
    const shape = Array.from({ length: choose(1, 4) }, () => choose(1, 5));
    const axis = choose(0, shape.length - 1);
    const other = shape.map((length, index) => (index === axis ? choose(1, 5) : length));
    return {
      inputs: [random(shape, seed), random(other, seed + 1)],
      f: (...[a, b]) => tf.concat([a, b, a] as tf.Tensor[], axis),
    };
  },
  'sum and transpose'(choose, seed) {
    const shape = Array.from({ length: 4 }, () => choose(1, 5));
    const perm = [0, 1, 2, 3].sort((a, b) => ((a * 7 + seed) % 5) - ((b * 7 + seed) % 5));
    const axes = [0, 1, 2, 3].filter(() => choose(0, 1) === 1);
    const keepDims = choose(0, 1) === 1;
    return {
      inputs: [random(shape, seed)],
      f: (...[x]) => tf.square(tf.sum(tf.transpose(x as tf.Tensor, perm), axes.length > 0 ? axes : [0], keepDims)),
    };
  },
};

for (const [name, family] of Object.entries(families)) {
  void test(`${name} and its gradients agree with cpu on wasm for random shapes`, async () => {
    const choose = chooser(name.length);
    const cases = Array.from({ length: ROUNDS }, (_, round) => family(choose, 1000 + 2 * round));
    await loadBackend('cpu');
    const expected = cases.map((each) => outputAndGradients(each));
    await loadBackend('wasm');
    for (const [round, each] of cases.entries()) {
      const received = outputAndGradients(each);
      for (const [index, values] of received.entries()) {
        const difference = largestDifference(values, expected[round]?.[index] ?? new Float32Array());
        const shapes = each.inputs.map(({ shape }) => `[${shape.join(', ')}]`).join(' and ');
        assert.ok(difference <= TOLERANCE, `round ${round}, result ${index}, inputs ${shapes}: differs by ${difference}`);
      }
    }
  });
}

/** Half of the time all values below zero: where tfjs's own kernels go wrong. */
function negative({ shape, values }: HostTensor, choose: Choose): HostTensor {
  const shift = choose(0, 1) === 1 ? 5 : 0;
  return { shape, values: values.map((value) => value - shift) };
}
