import assert from 'node:assert/strict';
import test from 'node:test';
import { dispose, grads, memory, mul, scalar, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { buildGraphBatch } from '../../src/data/graphs/build-graph-batch.ts';
import { loadBackend } from '../../src/kernels/backend.ts';
import type { GraphBatch } from '../../src/models/definition.ts';
import { createOps } from '../../src/ops/create-ops.ts';
import { uploadGraphBatch } from '../../src/training/graph-batches.ts';
import { makeGraphDataset, NEIGHBOURS } from './graph-support.ts';

const host = () => buildGraphBatch(makeGraphDataset(5, 1), [3, 0, 4], NEIGHBOURS);

/** A batch on the device, and how many tensors there were before. */
async function uploaded() {
  await loadBackend('wasm');
  const before = memory().numTensors;
  return { before, graphs: uploadGraphBatch(host()) };
}

/** Atoms of each class, by molecule. */
const pooled = ({ nodeAttrs, batch }: GraphBatch): Tensor => createOps().segmentSum(nodeAttrs, batch); // [G, F]

test('a batch takes no memory on the device before it is read, and each part once', async () => {
  const { before, graphs } = await uploaded();
  assert.equal(memory().numTensors, before);
  for (let time = 0; time < 2; time += 1) {
    assert.deepEqual(await graphs.coordinates.data(), host().coordinates);
    assert.deepEqual(await graphs.targets.y_node_scalars?.data(), host().targets.y_node_scalars?.values);
  }
  // Coordinates and both heads.
  assert.equal(memory().numTensors, before + 3);
  graphs.dispose();
  assert.equal(memory().numTensors, before);
});

test('what is first read in a tidy, or while gradients are recorded, stays until the batch is disposed of', async () => {
  const { before, graphs } = await uploaded();
  const first = tidy(() => pooled(graphs));
  const factor = scalar(2);
  const [slope] = grads((x: Tensor) => sum(mul(mul(pooled(graphs), graphs.nodesPerGraph), x)))([factor]);
  const again = tidy(() => pooled(graphs));
  assert.deepEqual(await again.data(), await first.data());
  // One class for each atom, times the atoms of its molecule.
  const expected = host().nodesPerGraph.reduce((total, atoms) => total + atoms * atoms, 0);
  assert.equal((await slope?.data())?.[0], expected);
  dispose([first, factor, again]);
  slope?.dispose();
  graphs.dispose();
  assert.equal(memory().numTensors, before);
});

test('a batch cannot be read after it was disposed of, so that nothing is left behind', async () => {
  const { before, graphs } = await uploaded();
  graphs.dispose();
  assert.throws(() => graphs.batch, /after it was disposed of/);
  assert.equal(memory().numTensors, before);
});

test('a copy of a batch has all of its parts', async () => {
  const { graphs } = await uploaded();
  const copy = { ...graphs, numGraphs: 7 };
  assert.equal(copy.edgeIndex, graphs.edgeIndex);
  assert.deepEqual(await copy.edgeIndex[1].order?.data(), host().edgeIndex[1].order);
  graphs.dispose();
});
