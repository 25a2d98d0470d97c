import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { fusedOps } from '../../src/ops/fused-ops.ts';
import type { Activation, Ops } from '../../src/ops/ops.ts';
import { segmentNetworkByLayers } from '../../src/ops/segment-network.ts';
import type { Segments } from '../../src/ops/segments.ts';
import { assertAlike, type Compute, matrix, numbers, segments, valueAndGradients } from './fused-support.ts';

before(async () => {
  await loadBackend('wasm');
});

type Layers = readonly (readonly [number, Activation])[];

/** Layers before and after the sums: how many outputs each has, and its activation. */
interface Shape {
  readonly before: Layers;
  readonly after: Layers;
}

/** Those of a pooling head, without a layer on either side, and with every activation that has a kernel, one that has none, and a last one before the sums. */
const SHAPES: readonly Shape[] = [
  {
    before: both(12),
    after: [
      [12, 'SiLU'],
      [1, 'Identity'],
    ],
  },
  { before: both(13), after: [] },
  { before: [], after: both(5) },
  { before: [], after: [] },
  { before: [[3, 'Identity']], after: [] },
  {
    before: [
      [4, 'ReLU'],
      [7, 'Sigmoid'],
    ],
    after: [
      [9, 'Identity'],
      [2, 'SiLU'],
    ],
  },
  {
    before: [
      [5, 'SiLU'],
      [1, 'SiLU'],
      [6, 'Identity'],
    ],
    after: [
      [3, 'Sigmoid'],
      [4, 'ReLU'],
      [2, 'Identity'],
    ],
  },
  {
    before: [
      [5, 'Tanh'],
      [6, 'Identity'],
    ],
    after: [[3, 'SiLU']],
  },
];

function both(width: number): Layers {
  return [
    [width, 'SiLU'],
    [width, 'Identity'],
  ];
}

/** x [rows, width], then weight and bias of each layer. */
function inputsOf(
  { before: first, after }: Shape,
  { rows, width }: { readonly rows: number; readonly width: number },
): readonly tf.Tensor[] {
  let inputs = width;
  const parameters = [...first, ...after].flatMap(([outputs], index) => {
    const layer = [matrix(outputs, inputs, 10 + index), tf.tensor(numbers(outputs, 30 + index))];
    inputs = outputs;
    return layer;
  });
  return [matrix(rows, width, 1), ...parameters];
}

interface Varied {
  readonly frozen?: readonly number[];
  readonly withBias?: boolean;
}

function network(shape: Shape, into: Segments, { frozen = [], withBias = true }: Varied = {}): Compute {
  return (ops, [x, ...parameters]) => {
    const layers = [...shape.before, ...shape.after].map(([, activation], index) => ({
      weight: parameters[2 * index] as tf.Tensor,
      bias: withBias ? (parameters[2 * index + 1] as tf.Tensor) : null,
      activation,
      frozen: frozen.includes(index),
    }));
    const parts = { before: layers.slice(0, shape.before.length), after: layers.slice(shape.before.length) };
    return ops.segmentNetwork(x as tf.Tensor, parts, into);
  };
}

/** The same fused operations, one layer after the other. */
function byLayers(): Ops {
  const ops = fusedOps();
  return { ...ops, segmentNetwork: (x, parts, into) => segmentNetworkByLayers(ops, x, parts, into) };
}

/** 700 rows, in order and not: more than a block, and a part of one at the end; 300 segments, some of them empty. */
const ROWS = 700;
const SEGMENTS = 300;

function sorted(): Segments {
  return segments(
    Array.from({ length: ROWS }, (_, row) => 2 * Math.floor(row / 5)),
    SEGMENTS,
  );
}

function mixed(): Segments {
  return segments(
    Array.from({ length: ROWS }, (_, row) => (row * 7) % 211),
    SEGMENTS,
  );
}

test('a network over rows and their sums equals the composed one in value and gradients', () => {
  for (const shape of SHAPES) {
    for (const into of [sorted(), mixed()]) {
      assertAlike(network(shape, into), inputsOf(shape, { rows: ROWS, width: 6 }), JSON.stringify(shape));
    }
  }
});

test('a network over rows and their sums has the bits of its layers one by one', () => {
  for (const shape of SHAPES) {
    for (const width of [1, 6, 12]) {
      for (const into of [sorted(), mixed()]) {
        const inputs = inputsOf(shape, { rows: ROWS, width });
        const expected = valueAndGradients(byLayers(), network(shape, into), inputs);
        assert.deepEqual(valueAndGradients(fusedOps(), network(shape, into), inputs), expected, `${width} ${JSON.stringify(shape)}`);
      }
    }
  }
});

test('a network over rows and their sums needs no bias, and takes one row', () => {
  for (const shape of SHAPES) {
    const [x, ...parameters] = inputsOf(shape, { rows: 1, width: 6 }) as readonly [tf.Tensor, ...tf.Tensor[]];
    const into = segments([2], 4);
    assertAlike(network(shape, into), [x, ...parameters], `one row, ${JSON.stringify(shape)}`);
    const weights = parameters.filter((_, at) => at % 2 === 0);
    const compute: Compute = (ops, [first, ...given]) =>
      network(shape, into, { withBias: false })(ops, [first as tf.Tensor, ...given.flatMap((weight) => [weight, weight])]);
    assertAlike(compute, [x, ...weights], `no bias, ${JSON.stringify(shape)}`);
  }
});

test('a network is not taken for the one before it, which differs in one activation, bias, width, frozen layer or place of the sums only', () => {
  const plain = { before: both(4), after: both(4) };
  const networks: readonly (readonly [Shape, Varied])[] = [
    [{ before: [...both(4), [4, 'SiLU']], after: [[4, 'Identity']] }, {}],
    [{ ...plain, after: [...both(4).slice(0, 1), [4, 'ReLU']] }, {}],
    [{ ...plain, after: [...both(4).slice(0, 1), [3, 'Identity']] }, {}],
    [plain, { frozen: [2] }],
    [plain, { withBias: false }],
  ];
  const into = sorted();
  for (const [other, varied] of networks) {
    const third = [{ before: both(7), after: [] }, {}] as const;
    // Each of the two comes right behind the other one, and behind a third.
    for (const [shape, how] of [third, [plain, {}], [other, varied], third, [other, varied], [plain, {}]] as typeof networks) {
      const inputs = inputsOf(shape, { rows: ROWS, width: 4 });
      const bits = (ops: Ops) =>
        tf.tidy(() => {
          const sum = () => tf.sum(tf.square(network(shape, into, how)(ops, inputs)));
          const { value, grads } = tf.engine().gradients(sum, [...inputs], undefined, true);
          return [value, ...grads].map((tensor) => (tensor as tf.Tensor | null | undefined)?.dataSync());
        });
      const [found, expected] = [bits(fusedOps()), bits(byLayers())];
      // One operation gives no gradient of a frozen layer (value and x come first), its layers one by one do.
      const isFrozen = (at: number) => at >= 2 && (how.frozen ?? []).includes((at - 2) >> 1);
      const asked = expected.map((values, at) => (isFrozen(at) ? undefined : values));
      assert.deepEqual(found, asked, JSON.stringify([shape, how]));
    }
  }
});

test('frozen layers of a network over rows get no gradient and change no other one', () => {
  const [shape] = SHAPES as readonly [Shape];
  const inputs = inputsOf(shape, { rows: ROWS, width: 6 });
  const everything = valueAndGradients(fusedOps(), network(shape, sorted()), inputs);
  for (const frozen of [[0], [1], [2], [3], [0, 1], [0, 1, 2, 3]]) {
    const compute = network(shape, sorted(), { frozen });
    tf.tidy(() => {
      const sum = () => tf.sum(tf.mul(compute(fusedOps(), inputs), tf.tensor(numbers(SEGMENTS, 99), [SEGMENTS, 1])));
      const { grads } = tf.engine().gradients(sum, [...inputs], undefined, true);
      for (const [index, gradient] of (grads as readonly (tf.Tensor | null | undefined)[]).entries()) {
        const isFrozen = index >= 1 && frozen.includes((index - 1) >> 1);
        assert.equal(gradient === null || gradient === undefined, isFrozen, `frozen ${frozen.join()}, input ${index}`);
        if (gradient) assert.deepEqual(gradient.dataSync(), everything[index + 1], `frozen ${frozen.join()}, input ${index}`);
      }
    });
  }
});

test('a network over rows leaves no tensor behind, and is the same bits without a backward pass', () => {
  for (const shape of SHAPES) {
    const inputs = inputsOf(shape, { rows: ROWS, width: 6 });
    const compute = network(shape, mixed());
    const before = tf.memory();
    const [recorded] = valueAndGradients(fusedOps(), compute, inputs);
    const alone = tf.tidy(() => compute(fusedOps(), inputs).dataSync());
    const { numTensors, numDataBuffers, numBytes } = tf.memory();
    assert.deepEqual(alone, recorded);
    assert.deepEqual([numTensors, numDataBuffers, numBytes], [before.numTensors, before.numDataBuffers, before.numBytes]);
  }
});

test('a row of no segment is an error', () => {
  const [shape] = SHAPES as readonly [Shape];
  const inputs = inputsOf(shape, { rows: 3, width: 6 });
  const into = { ...segments([0, 0, 1], 2), index: tf.tensor(Int32Array.of(0, 0, 2), [3], 'int32') };
  assert.throws(() => valueAndGradients(fusedOps(), network(shape, into), inputs), /gather: an index is outside 0 \.\. 1/);
});
