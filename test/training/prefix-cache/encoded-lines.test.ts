import assert from 'node:assert/strict';
import test from 'node:test';
import { memory } from '@tensorflow/tfjs-core';
import { loadBackend } from '../../../src/kernels/backend.ts';
import { keepLines, MOST_DEVICE_BYTES } from '../../../src/training/prefix-cache/encoded-lines.ts';

/** Four rows with 2, 0, 1 and 3 lines of `width` values, a NaN and a negative zero among them. */
function linesOf(width: number) {
  const values = Float32Array.from({ length: 6 * width }, (_, at) => (at === 1 ? Number.NaN : at === 2 ? -0 : at / 3));
  return { offsets: Uint32Array.of(0, 2, 2, 3, 6), width, values };
}

for (const name of ['wasm', 'cpu'] as const) {
  test(`lines of rows come in the order of the rows, with all bits, as often as they are asked for: ${name}`, async () => {
    await loadBackend(name);
    const before = memory().numTensors;
    for (const width of [1, 3, 4, 12, 17]) {
      const lines = linesOf(width);
      const kept = keepLines(lines, [width]);
      for (const [rows, expected] of [
        [
          [0, 1, 2, 3],
          [0, 1, 2, 3, 4, 5],
        ],
        [
          [3, 0],
          [3, 4, 5, 0, 1],
        ],
        [
          [2, 2, 1],
          [2, 2],
        ],
        [[1], []],
      ] as const) {
        const taken = kept.take(Uint32Array.from(rows));
        assert.deepEqual(taken.shape, [expected.length, width]);
        const values = expected.flatMap((line) => [...lines.values.subarray(line * width, (line + 1) * width)]);
        assert.deepEqual([...(await taken.data())], values);
        taken.dispose();
      }
      kept.dispose();
    }
    assert.equal(memory().numTensors, before);
  });
}

test('a line can have a shape', async () => {
  await loadBackend('wasm');
  const kept = keepLines({ offsets: Uint32Array.of(0, 1, 2), width: 6, values: Float32Array.from({ length: 12 }, (_, at) => at) }, [2, 3]);
  const taken = kept.take(Uint32Array.of(1, 0));
  assert.deepEqual(taken.shape, [2, 2, 3]);
  assert.deepEqual([...(await taken.data())], [6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5]);
  taken.dispose();
  kept.dispose();
});

test('what is large stays out of the 4 GiB of wasm', async () => {
  await loadBackend('wasm');
  const width = MOST_DEVICE_BYTES / 4 / 2;
  const before = memory().numBytes;
  const offsets = Uint32Array.of(0, 1, 2, 3);
  const large = keepLines({ offsets, width, values: new Float32Array(3 * width) }, [width]);
  assert.equal(memory().numBytes, before);
  const fitting = keepLines({ offsets: offsets.subarray(0, 3), width, values: new Float32Array(2 * width) }, [width]);
  assert.equal(memory().numBytes, before + MOST_DEVICE_BYTES);
  large.dispose();
  fitting.dispose();
  assert.equal(memory().numBytes, before);
});
