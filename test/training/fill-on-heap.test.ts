import assert from 'node:assert/strict';
import test from 'node:test';
import { memory, tidy } from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { fillTensor } from '../../src/training/fill-on-heap.ts';

for (const name of ['wasm', 'cpu'] as const) {
  test(`a tensor has the values that were filled in, empty ones among them, and is freed like any other: ${name}`, async () => {
    await loadBackend(name);
    const before = memory().numTensors;
    const filled = fillTensor([2, 3], (values) => {
      assert.equal(values.length, 6);
      values.forEach((_, at) => {
        values[at] = at / 4;
      });
    });
    const empty = fillTensor([0, 3], (values) => assert.equal(values.length, 0));
    assert.deepEqual([filled.shape, filled.dtype, [...(await filled.data())]], [[2, 3], 'float32', [0, 0.25, 0.5, 0.75, 1, 1.25]]);
    assert.deepEqual([empty.shape, [...(await empty.data())]], [[0, 3], []]);
    tidy(() => void fillTensor([4], (values) => values.fill(1)));
    assert.equal(memory().numTensors, before + 2);
    filled.dispose();
    empty.dispose();
    assert.equal(memory().numTensors, before);
  });
}
