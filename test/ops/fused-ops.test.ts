import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { fusedOps } from '../../src/ops/fused-ops.ts';
import type { Activation } from '../../src/ops/ops.ts';
import { assertAlike, type Compute, FROM, matrix, NODES, numbers, segments, TO } from './fused-support.ts';

const ACTIVATIONS: readonly Activation[] = ['Identity', 'ReLU', 'SiLU', 'Sigmoid', 'Tanh', 'GELU'];

/** Widths below, at and above a vector of four and a panel of twelve, and a real one. */
const WIDTHS = [1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 20, 33];

before(async () => {
  await loadBackend('wasm');
});
test('a fused linear layer equals the composed one in value and gradients, at all widths', () => {
  for (const columns of WIDTHS) {
    for (const depth of WIDTHS) {
      const rows = 1 + ((columns * 7 + depth * 3) % 11);
      const inputs = [matrix(rows, depth, 1), matrix(columns, depth, 2), tf.tensor(numbers(columns, 3))];
      for (const activation of ['SiLU', 'Identity'] as const) {
        assertAlike(
          (ops, [x, weight, bias]) => ops.linear(x as tf.Tensor, weight as tf.Tensor, bias as tf.Tensor, activation),
          inputs,
          `[${rows}, ${depth}] -> ${columns}, ${activation}`,
        );
      }
    }
  }
});

test('a fused linear layer knows every activation, with and without bias, over many rows', () => {
  for (const activation of ACTIVATIONS) {
    assertAlike(
      (ops, [x, weight, bias]) => ops.linear(x as tf.Tensor, weight as tf.Tensor, bias as tf.Tensor, activation),
      [matrix(1037, 12, 1), matrix(12, 12, 2), tf.tensor(numbers(12, 3))],
      activation,
    );
    assertAlike(
      (ops, [x, weight]) => ops.linear(x as tf.Tensor, weight as tf.Tensor, null, activation),
      [matrix(70, 5, 1), matrix(3, 5, 2)],
      activation,
    );
  }
});
test('a fused linear layer over edges equals the composed one, at all widths, with isolated nodes', () => {
  for (const nodeWidth of [1, 3, 4, 12, 13]) {
    for (const edgeWidth of [1, 2, 4, 9]) {
      for (const columns of [1, 3, 8, 12, 17]) {
        const edgeIndex = [segments(FROM, NODES), segments(TO, NODES)] as const;
        const inputs = [
          matrix(NODES, nodeWidth, 1),
          matrix(FROM.length, edgeWidth, 2),
          matrix(columns, 2 * nodeWidth + edgeWidth, 3),
          tf.tensor(numbers(columns, 4)),
        ];
        assertAlike(
          (ops, [nodes, edges, weight, bias]) =>
            ops.edgeLinear(
              { nodes: nodes as tf.Tensor, edges: edges as tf.Tensor, edgeIndex },
              weight as tf.Tensor,
              bias as tf.Tensor,
              'SiLU',
            ),
          inputs,
          `C ${nodeWidth}, K ${edgeWidth}, O ${columns}`,
        );
      }
    }
  }
});

test('a fused linear layer over one edge, and over more than a block of edges, equals the composed one', () => {
  const many = Array.from({ length: 300 }, (_, edge) => Math.floor(edge / 6));
  for (const [from, to, count] of [
    [[0], [1], 2],
    [many, many.map((row, edge) => (row * 7 + edge) % 50), 50],
  ] as const) {
    const edgeIndex = [segments(from, count), segments(to, count)] as const;
    for (const activation of ACTIVATIONS) {
      assertAlike(
        (ops, [nodes, edges, weight]) =>
          ops.edgeLinear({ nodes: nodes as tf.Tensor, edges: edges as tf.Tensor, edgeIndex }, weight as tf.Tensor, null, activation),
        [matrix(count, 6, 1), matrix(from.length, 1, 2), matrix(5, 13, 3)],
        `${from.length} edges, ${activation}`,
      );
    }
  }
});

test('fused gather, sum and gated sum equal the composed ones, for sorted and unsorted segments, some of them empty', () => {
  for (const index of [FROM, TO]) {
    const rows = segments(index, NODES);
    for (const width of WIDTHS) {
      assertAlike((ops, [x]) => ops.gather(x as tf.Tensor, rows), [matrix(NODES, width, 1)], `gather ${width}`);
      assertAlike((ops, [x]) => ops.segmentSum(x as tf.Tensor, rows), [matrix(index.length, width, 1)], `sum ${width}`);
      assertAlike(
        (ops, [x, gate]) => ops.gatedSegmentSum(x as tf.Tensor, gate as tf.Tensor, rows),
        [matrix(index.length, width, 1), matrix(index.length, 1, 2)],
        `gated sum ${width}`,
      );
    }
  }
});

test('sums of a linear layer equal the composed ones, with and without bias, for sorted and unsorted segments, some of them empty', () => {
  for (const into of [segments(FROM, NODES), segments(TO, NODES)]) {
    for (const [inputs, outputs] of [
      [1, 1],
      [3, 5],
      [12, 12],
      [13, 4],
    ] as const) {
      const [x, weight, bias] = [matrix(FROM.length, inputs, 1), matrix(outputs, inputs, 2), tf.tensor(numbers(outputs, 3))];
      const compute: Compute = (ops, [x, weight, bias]) => ops.segmentSumLinear(x as tf.Tensor, weight as tf.Tensor, bias ?? null, into);
      assertAlike(compute, [x, weight, bias], `${inputs} -> ${outputs}`);
      assertAlike(compute, [x, weight], `${inputs} -> ${outputs}, no bias`);
    }
  }
});

test('fused geometry equals the composed one, with and without shifts, and has no slope at distance 0', () => {
  const edges = [segments(FROM, NODES), segments(TO, NODES)] as const;
  const shifts = matrix(FROM.length, 3, 7);
  for (const cellShifts of [null, shifts]) {
    const compute: Compute = (ops, [coordinates]) => ops.edgeVectors(coordinates as tf.Tensor, edges, cellShifts);
    assertAlike(compute, [matrix(NODES, 3, 1)], `edge vectors, ${cellShifts === null ? 'no ' : ''}shifts`);
    assertAlike((ops, inputs) => ops.lengths(compute(ops, inputs)), [matrix(NODES, 3, 1)], 'lengths');
  }
  assertAlike((ops, [vectors]) => ops.lengths(vectors as tf.Tensor), [tf.tensor([0, 0, 0, 3, 4, 0], [2, 3])], 'a vector of length 0');
});

test('a fused concatenation equals the composed one, for one part, several, and the same twice', () => {
  for (const widths of [[3], [12, 12], [1, 5, 4, 9]]) {
    const parts = widths.map((width, index) => matrix(6, width, index + 1));
    assertAlike((ops, inputs) => ops.concat(inputs), parts, widths.join(' + '));
  }
  assertAlike((ops, [x]) => ops.concat([x as tf.Tensor, x as tf.Tensor]), [matrix(6, 5, 1)], 'twice');
});

test('gradients of the fused operations agree with finite differences', () => {
  const edgeIndex = [segments(FROM, NODES), segments(TO, NODES)] as const;
  const ops = fusedOps();
  const inputs = [matrix(NODES, 3, 1), matrix(FROM.length, 2, 2), matrix(5, 8, 3), tf.tensor(numbers(5, 4)), matrix(1, 5, 5)];
  const compute = ([nodes, edges, weight, bias, gate]: readonly tf.Tensor[]): tf.Tensor => {
    const y = ops.edgeLinear(
      { nodes: nodes as tf.Tensor, edges: edges as tf.Tensor, edgeIndex },
      weight as tf.Tensor,
      bias as tf.Tensor,
      'SiLU',
    );
    return ops.gatedSegmentSum(y, ops.linear(y, gate as tf.Tensor, null, 'Sigmoid'), edgeIndex[0]);
  };
  const loss = (given: readonly tf.Tensor[]) => tf.tidy(() => tf.sum(tf.square(compute(given))).dataSync()[0] as number);
  const { grads } = tf.engine().gradients(() => tf.sum(tf.square(compute(inputs))), [...inputs]);
  for (const [input, tensor] of inputs.entries()) {
    const values = tensor.dataSync();
    const gradient = (grads[input] as tf.Tensor).dataSync();
    for (let at = 0; at < values.length; at += 3) {
      const moved = (by: number) =>
        inputs.map((other, index) =>
          index === input
            ? tf.tensor(
                values.map((value, place) => (place === at ? value + by : value)),
                other.shape,
              )
            : other,
        );
      // A step of 1e-2 balances float32 rounding (1e-7 / 1e-2) against the cubic term (1e-4).
      const slope = (loss(moved(1e-2)) - loss(moved(-1e-2))) / 2e-2;
      assert.ok(
        Math.abs(slope - (gradient[at] as number)) <= 5e-3 * Math.max(1, Math.abs(slope)),
        `input ${input}[${at}]: ${gradient[at]}, by differences ${slope}`,
      );
    }
  }
});

test('fused operations keep no tensor, and nothing is computed for inputs that are constant', () => {
  const ops = fusedOps();
  const edgeIndex = [segments(FROM, NODES), segments(TO, NODES)] as const;
  const [nodes, edges, weight, gate] = [matrix(NODES, 3, 1), matrix(FROM.length, 2, 2), matrix(5, 8, 3), matrix(1, 5, 5)];
  const run = () => {
    const { value, grads } = tf.engine().gradients(() => {
      const y = ops.edgeLinear({ nodes, edges, edgeIndex }, weight, null, 'SiLU');
      return tf.sum<tf.Scalar>(ops.gatedSegmentSum(y, ops.linear(y, gate, null, 'Sigmoid'), edgeIndex[0]));
    }, [gate]);
    tf.dispose([value, ...grads]);
  };
  run();
  const { numTensors } = tf.memory();
  for (let step = 0; step < 3; step++) run();
  assert.equal(tf.memory().numTensors, numTensors);
});

test('NaN passes through every fused activation', () => {
  const ops = fusedOps();
  const x = tf.tensor([Number.NaN, 1], [2, 1]);
  for (const activation of ['ReLU', 'SiLU', 'Sigmoid'] as const) {
    const [first, second] = ops.linear(x, tf.tensor([1], [1, 1]), null, activation).dataSync();
    assert.ok(Number.isNaN(first), activation);
    assert.ok(Number.isFinite(second), activation);
  }
});

test('an index outside the nodes is an error, not a read of other memory', () => {
  const ops = fusedOps();
  const wrong = { ...segments([0, 1], 2), index: tf.tensor1d([0, 2], 'int32') };
  assert.throws(() => ops.gather(matrix(2, 3, 1), wrong), /gather: an index is outside 0 \.\. 1/);
  const edgeIndex = [segments([0, 1], 2), wrong] as const;
  assert.throws(() => ops.edgeVectors(matrix(2, 3, 1), edgeIndex, null), /edgeVectors: an index is outside 0 \.\. 1/);
  assert.throws(
    () => ops.edgeLinear({ nodes: matrix(2, 3, 1), edges: matrix(2, 1, 2), edgeIndex }, matrix(4, 7, 3), null),
    /edges: an index is outside 0 \.\. 1/,
  );
});
