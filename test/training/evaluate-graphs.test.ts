import assert from 'node:assert/strict';
import test from 'node:test';
import { memory } from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { openBatches } from '../../src/training/batch-source.ts';
import { evaluate } from '../../src/training/evaluate.ts';
import { makeGraphDataset, makeGraphSetup, NEIGHBOURS } from './graph-support.ts';
import { digestState, lastState, record } from './support.ts';

const COLUMNS = { y_graph_scalars: ['homo', 'lumo'], y_node_scalars: ['charge'] };

async function run(batchSize: number) {
  const { model, inputWeights } = makeGraphSetup();
  const dataset = makeGraphDataset(9, 2);
  const batches = openBatches(NEIGHBOURS);
  const metrics = await evaluate({
    model,
    weights: inputWeights,
    dataset,
    batches: batches.of(dataset),
    batchSize,
    dropLast: false,
    limit: null,
    metrics: null,
    columns: COLUMNS,
    prefix: 'test',
    between: () => Promise.resolve(),
  });
  await batches.close();
  return metrics;
}

test('molecules are judged per head and per column, whatever the batch size, and nothing stays on the device', async () => {
  await loadBackend('wasm');
  const before = memory().numTensors;
  const whole = await run(9);
  const parts = await run(2);
  assert.equal(memory().numTensors, before);
  for (const name of ['test/y_graph_scalars/mae', 'test/y_graph_scalars/mae/lumo', 'test/y_node_scalars/rmse', 'test/y_node_scalars/r2']) {
    // Sums run in float64 over float32 outputs that may differ in their last bit with the batch.
    assert.ok(Math.abs(Number(whole[name]) - Number(parts[name])) <= 1e-5 * Math.abs(Number(whole[name])), name);
  }
  const heads = ['y_graph_scalars', 'y_node_scalars'].map((head) => Number(whole[`test/total/${head}`]));
  assert.ok(Math.abs(Number(whole['test/total/loss']) - heads.reduce((sum, loss) => sum + loss, 0)) < 1e-6);
});

test('a stage of molecules trains, validates per head, and resumes bit for bit from any step', async () => {
  await loadBackend('wasm');
  const setup = makeGraphSetup({ trainer: { maxEpochs: 3 } });
  const straight = await record(setup, { snapshotEveryStep: true });
  assert.equal(straight.outcome.kind, 'finished');
  const metrics = straight.outcome.kind === 'finished' ? straight.outcome.result.metrics : {};
  for (const name of ['val/total/loss', 'val/total/y_node_scalars', 'val/y_graph_scalars/mae', 'val/y_node_scalars/r2'])
    assert.equal(typeof metrics[name], 'number', name);
  for (const { state } of straight.log.snapshots.filter((_, index) => index % 4 === 1)) {
    const resumed = await record(setup, { resume: state });
    assert.equal(digestState(lastState(resumed.log)), digestState(lastState(straight.log)));
  }
});

test('a step of molecules leaves no tensor behind', async () => {
  await loadBackend('wasm');
  const counts: number[] = [];
  const count = (): 'none' => {
    counts.push(memory().numTensors);
    return 'none';
  };
  await record(makeGraphSetup({ trainer: { maxEpochs: 4, numSanityValSteps: 0 } }), { request: count });
  const steps = counts.slice(2);
  // A loss waits on the device until it is read, so the count after a logged step is what has to stand still.
  assert.equal(new Set(steps).size, 1, steps.join(', '));
});
