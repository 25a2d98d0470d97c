import assert from 'node:assert/strict';
import test from 'node:test';
import { memory } from '@tensorflow/tfjs-core';
import type { FeatureDataset } from '../../src/data/dataset.ts';
import { loadBackend } from '../../src/kernels/backend.ts';
import { findModel } from '../../src/models/registry.ts';
import { composedOps } from '../../src/ops/composed-ops.ts';
import { batchesHere } from '../../src/training/batch-source.ts';
import { evaluate } from '../../src/training/evaluate.ts';

// One Linear with weight [[1], [-1]] and no bias: logits (x, -x), so class 0 for x > 0 and class 1 for x < 0.
const WEIGHTS = new Map([
  ['module.0.weight', { shape: [2, 1], dtype: 'float32', data: Float32Array.of(1, -1) } as const],
  ['module.0.bias', { shape: [2], dtype: 'float32', data: Float32Array.of(0, 0) } as const],
]);
const DATA: FeatureDataset = {
  kind: 'features',
  rows: 5,
  width: 1,
  x: Float32Array.of(3, -2, 1, -1, 4),
  y: Int32Array.of(0, 1, 1, 1, 0),
  targetWidth: 1,
  rowId: String,
};

test('metrics cover every row once, whatever the batch size, and nothing stays on the device', async () => {
  await loadBackend('wasm');
  const before = memory().numTensors;
  for (const batchSize of [1, 2, 5, 9]) {
    const metrics = await run({ batchSize });
    assert.deepEqual(Object.keys(metrics), ['test/total/loss', 'test/accuracy']);
    assert.equal(metrics['test/accuracy'], 0.8);
    // -log softmax of the right class, by hand; float32 against float64.
    const expected = [3, 2, -1, 1, 4].reduce((sum, margin) => sum + Math.log1p(Math.exp(-2 * margin)), 0) / 5;
    assert.ok(Math.abs(Number(metrics['test/total/loss']) - expected) < 1e-6);
  }
  assert.equal(memory().numTensors, before);
});

test('limit_test_batches and drop_last leave rows out', async () => {
  await loadBackend('wasm');
  assert.equal((await run({ batchSize: 2, limit: 1 }))['test/accuracy'], 1);
  assert.equal((await run({ batchSize: 2, dropLast: true }))['test/accuracy'], 0.75);
});

test('a metric that does not fit the task is refused', async () => {
  await assert.rejects(run({ batchSize: 2, metrics: ['mae'] }), { code: 'CONFIG_INVALID' });
});

function run(options: {
  readonly batchSize: number;
  readonly limit?: number;
  readonly dropLast?: boolean;
  readonly metrics?: readonly string[];
}) {
  return evaluate({
    model: {
      definition: findModel('mlp_classifier', []),
      config: { num_layers: 1 },
      facts: { inputWidth: 2, outputWidth: 2 },
      ops: composedOps(),
    },
    weights: WEIGHTS,
    dataset: DATA,
    batches: batchesHere(DATA, null),
    batchSize: options.batchSize,
    dropLast: options.dropLast ?? false,
    limit: options.limit ?? null,
    metrics: options.metrics ?? null,
    columns: { y: ['label'] },
    prefix: 'test',
    between: () => Promise.resolve(),
  });
}
