import assert from 'node:assert/strict';
import test from 'node:test';
import { fill, memory, scalar, setBackend, tensor2d } from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { readScalar, readValues } from '../../src/training/read-values.ts';

for (const backend of ['wasm', 'cpu'] as const) {
  test(`values and scalars are read from ${backend} as they are, and the copy outlives the tensor`, async () => {
    await loadBackend(backend);
    const before = memory().numTensors;
    const [values, loss] = [
      tensor2d([
        [1, Number.NaN],
        [-0, 3e38],
      ]),
      scalar(-0.1),
    ];
    const read = await readValues(values);
    assert.equal(await readScalar(loss), Math.fround(-0.1));
    values.dispose();
    loss.dispose();
    scalar(7).dispose();
    assert.deepEqual(read, Float32Array.of(1, Number.NaN, -0, 3e38));
    assert.equal(memory().numTensors, before);
  });
}

test('whole numbers are read as such: a count of terms may be one', async () => {
  for (const backend of ['wasm', 'cpu'] as const) {
    await loadBackend(backend);
    const count = scalar(5, 'int32');
    assert.equal(await readScalar(count), 5);
    count.dispose();
  }
});

test('what another backend holds is read all the same', async () => {
  await loadBackend('cpu');
  const [there, loss] = [tensor2d([[1, 2]]), scalar(5)];
  await loadBackend('wasm');
  await setBackend('wasm');
  assert.deepEqual(await readValues(there), Float32Array.of(1, 2));
  assert.equal(await readScalar(loss), 5);
});

test('what another backend holds is read although bringing it here makes the memory grow', async () => {
  await loadBackend('cpu');
  const large = fill([24 * 1024 * 1024], 3); // 96 MiB
  await loadBackend('wasm');
  const read = await readValues(large);
  assert.deepEqual([read.length, read[0], read.at(-1)], [24 * 1024 * 1024, 3, 3]);
  large.dispose();
});
