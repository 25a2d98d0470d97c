import assert from 'node:assert/strict';
import test from 'node:test';
import { memory } from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { batchesHere } from '../../src/training/batch-source.ts';
import { type Predictions, predictBatch } from '../../src/training/predict.ts';
import { predictionTable } from '../../src/training/prediction-table.ts';
import { uploadTensor } from '../../src/training/tensor-data.ts';
import { makeGraphSetup, NEIGHBOURS } from './graph-support.ts';

const features = (width: number, ...values: readonly number[]): Predictions => ({
  rows: values.length / width,
  heads: { y: { values: Float32Array.from(values), width } },
  sizes: null,
});

test('a regressor has a column per target', () => {
  const table = predictionTable(features(2, 1, 2, 3, 4), { yFeatures: ['u0', 'u1'], classes: null, targets: null });
  assert.deepEqual(table.columns, ['u0', 'u1']);
  assert.deepEqual(table.rows, [
    [1, 2],
    [3, 4],
  ]);
});

test('a classifier names the most probable class and gives every probability', () => {
  const { columns, rows } = predictionTable(features(2, 0, Math.log(3), 1000, 0), {
    yFeatures: ['digit'],
    classes: [5, 'six'],
    targets: null,
  });
  assert.deepEqual(columns, ['digit', 'digit_probability_5', 'digit_probability_six']);
  assert.equal(rows[0]?.[0], 'six');
  assert.ok(Math.abs(Number(rows[0]?.[1]) - 0.25) < 1e-7); // log(3) is rounded to float32
  assert.deepEqual(rows[1], [5, 1, 0], 'a large logit does not overflow');
});

test('of equal classes the first is named', () => {
  assert.equal(predictionTable(features(2, 2, 2), { yFeatures: ['y'], classes: ['b', 'a'], targets: null }).rows[0]?.[0], 'b');
});

test('molecules: a number per molecule, a list per atom or edge, a list per vector, and standard deviations by the name of molflux', () => {
  const head = (width: number, ...values: readonly number[]) => ({ values: Float32Array.from(values), width });
  const predictions: Predictions = {
    rows: 2,
    heads: {
      y_graph_scalars: head(2, 1, 2, 3, 4),
      'y_graph_scalars::std': head(2, 0.5, 0.25, 1, 2),
      y_node_scalars: head(1, 10, 20, 30),
      y_node_vector: head(3, 1, 2, 3, 4, 5, 6, 7, 8, 9),
      y_edge_scalars: head(1, 7, 8),
    },
    sizes: { node: [1, 2], edge: [0, 2] },
  };
  const table = predictionTable(predictions, {
    yFeatures: ['charge', 'lumo', 'homo', 'force', 'order'],
    classes: null,
    targets: { y_graph_scalars: ['homo', 'lumo'], y_node_scalars: ['charge'], y_node_vector: ['force'], y_edge_scalars: ['order'] },
  });
  assert.deepEqual(table.columns, ['charge', 'lumo', 'lumo::std', 'homo', 'homo::std', 'force', 'order']);
  assert.deepEqual(table.rows, [
    [[10], 2, 0.25, 1, 0.5, [[1, 2, 3]], []],
    [
      [20, 30],
      4,
      2,
      3,
      1,
      [
        [4, 5, 6],
        [7, 8, 9],
      ],
      [7, 8],
    ],
  ]);
});

test('a batch of molecules is predicted without a tensor left behind, each molecule with its atoms', async () => {
  await loadBackend('wasm');
  const { model, inputWeights, train } = makeGraphSetup();
  const params = Object.fromEntries([...inputWeights].map(([path, data]) => [path, uploadTensor(data)]));
  const before = memory().numTensors;
  const { rows, heads, sizes } = await predictBatch(model, params, {
    batches: batchesHere(train, NEIGHBOURS),
    rows: Uint32Array.from({ length: train.rows }, (_, row) => row),
  });
  assert.equal(memory().numTensors, before);
  assert.equal(rows, train.rows);
  assert.equal(heads['y_graph_scalars']?.values.length, train.rows * 2);
  assert.equal(
    heads['y_node_scalars']?.values.length,
    sizes?.node.reduce((sum, size) => sum + size, 0),
  );
});
