import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { fusedOps } from '../../src/ops/fused-ops.ts';
import type { Activation, Ops } from '../../src/ops/ops.ts';
import type { Segments } from '../../src/ops/segments.ts';
import { assertAlike, type Compute, FROM, matrix, NODES, numbers, segments, TO, valueAndGradients } from './fused-support.ts';

before(async () => {
  await loadBackend('wasm');
});

/** Parameters of layers from sizes and activations: weight and bias of each, in order. */
interface Shape {
  readonly messages: readonly (readonly [number, Activation])[];
  readonly gate: readonly (readonly [number, Activation])[];
}

function gatedInputs({ messages, gate }: Shape, { nodes, nodeWidth, edges, edgeWidth }: GraphShape): readonly tf.Tensor[] {
  let width = 2 * nodeWidth + edgeWidth;
  const parameters = [...messages, ...gate].flatMap(([outputs], index) => {
    const layer = [matrix(outputs, width, 10 + index), tf.tensor(numbers(outputs, 30 + index))];
    width = outputs;
    return layer;
  });
  return [matrix(nodes, nodeWidth, 1), matrix(edges, edgeWidth, 2), ...parameters];
}

interface GraphShape {
  readonly nodes: number;
  readonly nodeWidth: number;
  readonly edges: number;
  readonly edgeWidth: number;
}

/** gatedEdgeSum of inputs as gatedInputs makes them; layers named in `frozen` are constants. */
function gatedSum({ messages, gate }: Shape, edgeIndex: readonly [Segments, Segments], frozen: readonly number[] = []): Compute {
  return (ops, [nodes, edges, ...parameters]) => {
    const layers = [...messages, ...gate].map(([, activation], index) => ({
      weight: parameters[2 * index] as tf.Tensor,
      bias: parameters[2 * index + 1] as tf.Tensor,
      activation,
      frozen: frozen.includes(index),
    }));
    const network = { messages: layers.slice(0, messages.length), gate: layers.slice(messages.length) };
    return ops.gatedEdgeSum({ nodes: nodes as tf.Tensor, edges: edges as tf.Tensor, edgeIndex }, network);
  };
}

const EGNN_SHAPE: Shape = {
  messages: [
    [12, 'SiLU'],
    [12, 'Identity'],
  ],
  gate: [
    [12, 'SiLU'],
    [1, 'Sigmoid'],
  ],
};

test('gated sums over edges equal the composed ones, at all widths and depths, with isolated nodes', () => {
  const edgeIndex = [segments(FROM, NODES), segments(TO, NODES)] as const;
  for (const c of [1, 3, 4, 12, 13]) {
    for (const shape of [
      { messages: [[c, 'SiLU']], gate: [[1, 'Sigmoid']] },
      {
        messages: [
          [c, 'SiLU'],
          [c, 'Identity'],
        ],
        gate: [[1, 'Identity']],
      },
      {
        messages: [
          [c, 'SiLU'],
          [c, 'Identity'],
        ],
        gate: [
          [c, 'SiLU'],
          [1, 'Sigmoid'],
        ],
      },
      {
        messages: [
          [c, 'ReLU'],
          [c + 1, 'SiLU'],
          [c, 'Identity'],
        ],
        gate: [
          [c + 2, 'SiLU'],
          [c, 'Sigmoid'],
          [1, 'Sigmoid'],
        ],
      },
      {
        messages: [
          [c, 'SiLU'],
          [c, 'SiLU'],
        ],
        gate: [
          [c, 'Identity'],
          [1, 'Sigmoid'],
        ],
      },
      {
        messages: [
          [c, 'SiLU'],
          [c, 'Tanh'],
        ],
        gate: [
          [c, 'GELU'],
          [1, 'Sigmoid'],
        ],
      },
    ] satisfies Shape[]) {
      const inputs = gatedInputs(shape, { nodes: NODES, nodeWidth: c, edges: FROM.length, edgeWidth: 2 });
      assertAlike(gatedSum(shape, edgeIndex), inputs, `${c}: ${JSON.stringify(shape)}`);
    }
  }
});

/** A ring where each node sees the next five: more edges than a block, and a part of one at the end. */
const RING = { nodes: 113, edges: 565 };

function ring(): readonly [Segments, Segments] {
  const edges = Array.from({ length: RING.edges }, (_, edge) => edge);
  const [from, to] = [edges.map((edge) => Math.floor(edge / 5)), edges.map((edge) => (Math.floor(edge / 5) + 1 + (edge % 5)) % RING.nodes)];
  return [segments(from, RING.nodes), segments(to, RING.nodes)];
}

test('gated sums over more edges than a block equal the composed ones', () => {
  const inputs = gatedInputs(EGNN_SHAPE, { ...RING, nodeWidth: 12, edgeWidth: 1 });
  assertAlike(gatedSum(EGNN_SHAPE, ring()), inputs, 'ring');
});

test('gated sums equal the composed ones at the borders of a block, over one edge and none, unsorted, without biases and with wide edges', () => {
  for (const edges of [0, 1, 255, 256, 257]) {
    const ends = (step: number) => Array.from({ length: edges }, (_, edge) => (edge * step) % RING.nodes);
    const edgeIndex = [segments(ends(7), RING.nodes), segments(ends(5), RING.nodes)] as const;
    const inputs = gatedInputs(EGNN_SHAPE, { nodes: RING.nodes, nodeWidth: 5, edges, edgeWidth: 19 });
    assertAlike(gatedSum(EGNN_SHAPE, edgeIndex), inputs, `${edges} edges`);
    assertAlike(
      withoutBiases(edgeIndex),
      [...inputs.slice(0, 2), ...inputs.slice(2).filter((_, at) => at % 2 === 0)],
      `${edges} edges, no bias`,
    );
  }
});

/** gatedEdgeSum of nodes, edges and the weights of EGNN_SHAPE. */
function withoutBiases(edgeIndex: readonly [Segments, Segments]): Compute {
  return (ops, [nodes, edges, ...weights]) => {
    const layers = [...EGNN_SHAPE.messages, ...EGNN_SHAPE.gate].map(([, activation], index) => ({
      weight: weights[index] as tf.Tensor,
      bias: null,
      activation,
      frozen: false,
    }));
    const network = { messages: layers.slice(0, 2), gate: layers.slice(2) };
    return ops.gatedEdgeSum({ nodes: nodes as tf.Tensor, edges: edges as tf.Tensor, edgeIndex }, network);
  };
}

test('gated sums leave no tensor behind, with and without gradients', () => {
  const inputs = gatedInputs(EGNN_SHAPE, { ...RING, nodeWidth: 12, edgeWidth: 1 });
  const compute = gatedSum(EGNN_SHAPE, ring());
  const before = tf.memory();
  valueAndGradients(fusedOps(), compute, inputs);
  tf.tidy(() => void compute(fusedOps(), inputs));
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  assert.deepEqual(
    { numTensors, numDataBuffers, numBytes },
    { numTensors: before.numTensors, numDataBuffers: before.numDataBuffers, numBytes: before.numBytes },
  );
});

test('gated sums are the same bits whether they are recorded for a backward pass or not', () => {
  const inputs = gatedInputs(EGNN_SHAPE, { ...RING, nodeWidth: 12, edgeWidth: 1 });
  const compute = gatedSum(EGNN_SHAPE, ring());
  const [recorded] = valueAndGradients(fusedOps(), compute, inputs);
  assert.deepEqual(
    tf.tidy(() => compute(fusedOps(), inputs).dataSync()),
    recorded,
  );
});

test('frozen layers of gated sums get no gradient and change no other one', () => {
  const inputs = gatedInputs(EGNN_SHAPE, { ...RING, nodeWidth: 12, edgeWidth: 1 });
  const everything = valueAndGradients(fusedOps(), gatedSum(EGNN_SHAPE, ring()), inputs);
  for (const frozen of [[0], [1], [2], [3], [1, 2], [0, 1, 2, 3]]) {
    const compute = gatedSum(EGNN_SHAPE, ring(), frozen);
    tf.tidy(() => {
      const { grads } = tf
        .engine()
        .gradients(() => tf.sum(tf.mul(compute(fusedOps(), inputs), weightsOf(RING.nodes * 12))), [...inputs], undefined, true);
      for (const [index, gradient] of (grads as readonly (tf.Tensor | null | undefined)[]).entries()) {
        const isFrozen = index >= 2 && frozen.includes((index - 2) >> 1);
        assert.equal(gradient === null || gradient === undefined, isFrozen, `frozen ${frozen.join()}, input ${index}`);
        if (gradient) assert.deepEqual(gradient.dataSync(), everything[index + 1], `frozen ${frozen.join()}, input ${index}`);
      }
    });
  }
});

/** The weights by which valueAndGradients sums. */
function weightsOf(count: number): tf.Tensor {
  return tf.tensor(numbers(count, 99), [count / 12, 12]);
}

test('edges that are constant get no gradient, and the other gradients are the same bits', () => {
  const inputs = gatedInputs(EGNN_SHAPE, { ...RING, nodeWidth: 12, edgeWidth: 1 });
  const compute = gatedSum(EGNN_SHAPE, ring());
  const everything = valueAndGradients(fusedOps(), compute, inputs);
  const constant: Ops = {
    ...fusedOps(),
    gatedEdgeSum: (input, network) => fusedOps().gatedEdgeSum({ ...input, edgesAreConstant: true }, network),
  };
  tf.tidy(() => {
    const sum = () => tf.sum(tf.mul(compute(constant, inputs), weightsOf(RING.nodes * 12)));
    const { grads } = tf.engine().gradients(sum, [...inputs], undefined, true);
    for (const [index, gradient] of (grads as readonly (tf.Tensor | null | undefined)[]).entries()) {
      assert.equal(gradient === null || gradient === undefined, index === 1, `input ${index}`);
      if (gradient) assert.deepEqual(gradient.dataSync(), everything[index + 1], `input ${index}`);
    }
  });
});
