import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { BACKEND_KERNELS } from '../../src/kernels/backend-kernels.ts';

for (const backend of ['cpu', 'wasm'] as const) {
  test(`the table of kernels of ${backend} is what the loaded backend has (else: node --import tsx ops/backend-kernels.ts)`, async () => {
    await loadBackend(backend);
    const loaded = tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName);
    assert.deepEqual([...BACKEND_KERNELS[backend]].sort(), loaded.sort());
  });
}
