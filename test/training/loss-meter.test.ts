import assert from 'node:assert/strict';
import test from 'node:test';
import { memory, scalar } from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { createLossMeter, type LossMeter } from '../../src/training/loss-meter.ts';

const LOSSES = [0.1, 0.7, 1e-3, 12.5, 0.3].map(Math.fround);

test('the epoch total does not depend on when losses are read', async () => {
  await loadBackend('cpu');
  const totals = [];
  for (const every of [1, 2, 5]) {
    const meter = createLossMeter({ sum: 0.5, samples: 3 });
    for (const [index, loss] of LOSSES.entries()) {
      add(meter, loss, index + 1);
      if ((index + 1) % every === 0) await meter.drain();
    }
    await meter.drain();
    totals.push(meter.epoch());
  }
  assert.deepEqual(totals[1], totals[0]);
  assert.deepEqual(totals[2], totals[0]);
  assert.equal(totals[0]?.samples, 3 + 4 * LOSSES.length);
});

test("a step's loss is the sample-weighted mean of its batches, also when they were read apart", async () => {
  await loadBackend('cpu');
  const meter = createLossMeter({ sum: 0, samples: 0 });
  meter.add({ loss: scalar(2), samples: 3, epoch: 0, batch: 0, step: 1 });
  await meter.drain();
  meter.add({ loss: scalar(6), samples: 1, epoch: 0, batch: 1, step: 1 });
  await meter.drain();
  assert.equal(meter.stepLoss(), 3);
});

test('the first non-finite batch is named, and reading frees every tensor', async () => {
  await loadBackend('cpu');
  const before = memory().numTensors;
  const meter = createLossMeter({ sum: 0, samples: 0 });
  for (const [index, loss] of [1, Number.POSITIVE_INFINITY, Number.NaN].entries()) add(meter, loss, index + 1);
  const bad = await meter.drain();
  assert.deepEqual(bad, { samples: 4, epoch: 0, batch: 1, step: 2, value: Number.POSITIVE_INFINITY });
  assert.equal(memory().numTensors, before);
});

test('a meter that nobody reads is full before it holds many tensors', () => {
  const meter = createLossMeter({ sum: 0, samples: 0 });
  let added = 0;
  while (!meter.isFull()) add(meter, 1, ++added);
  assert.equal(added, 64);
  meter.dispose();
});

function add(meter: LossMeter, loss: number, step: number): void {
  meter.add({ loss: scalar(loss), samples: 4, epoch: 0, batch: step - 1, step });
}
