import assert from 'node:assert/strict';
import test from 'node:test';
import { edge } from '../../src/data/blob-format.ts';
import { openDataset, readFooter } from '../../src/data/open-dataset.ts';
import { createSplitEncoder } from '../../src/data/split-encoder.ts';
import { readable } from './data-fixtures.ts';

async function encode(chunked: readonly (readonly number[])[]): Promise<{ readonly bytes: Uint8Array; readonly digest: string }> {
  const parts: Uint8Array[] = [];
  const encoder = createSplitEncoder({ write: async (chunk) => void parts.push(chunk) });
  for (const rows of chunked) {
    await encoder.append({ x: Float32Array.from(rows), y: Float32Array.from(rows, (value) => -value), ids: rows.map(BigInt) });
  }
  const { digest } = await encoder.finish({
    columns: [{ name: 'x', width: 1, dtype: 'float32' }],
    targets: { kind: 'values', names: ['y'], dtype: 'float32' },
    classOfCode: null,
    idKind: 'int64',
  });
  return { bytes: Buffer.concat(parts), digest };
}

test('the bytes do not depend on how many rows come at a time', async () => {
  const whole = await encode([[1, 2, 3]]);
  assert.equal((await encode([[1], [2, 3]])).digest, whole.digest);
  assert.notEqual((await encode([[1, 2, 4]])).digest, whole.digest);
});

test('the encoding is the documented one, byte by byte', async () => {
  const { bytes } = await encode([[1, 2, 3]]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  assert.equal(Buffer.from(bytes.subarray(0, 8)).toString(), 'ROOTDATA');
  assert.equal(view.getUint32(8, true), 1);
  assert.deepEqual(
    [0, 1, 2].map((row) => view.getFloat32(16 + 4 * row, true)),
    [1, 2, 3],
  );
  assert.deepEqual(
    [0, 1, 2].map((row) => view.getFloat32(28 + 4 * row, true)),
    [-1, -2, -3],
  );
  assert.deepEqual(
    [0, 1, 2].map((row) => view.getBigInt64(40 + 8 * row, true)),
    [1n, 2n, 3n],
  );
  const length = view.getUint32(bytes.byteLength - 16, true);
  const footer = JSON.parse(Buffer.from(bytes.subarray(64, 64 + length)).toString()) as { readonly rows: number };
  assert.equal(footer.rows, 3);
  assert.equal(bytes.byteLength, 64 + length + 16);
  assert.equal(Buffer.from(bytes.subarray(-8)).toString(), 'ROOTDATA');
});

test('row ids begin at a multiple of 8', async () => {
  const parts: Uint8Array[] = [];
  const encoder = createSplitEncoder({ write: async (chunk) => void parts.push(chunk) });
  await encoder.append({ x: Float32Array.from([1, 2]), y: Float32Array.from([3]), ids: [7n] });
  await encoder.finish({
    columns: [{ name: 'x', width: 2, dtype: 'float32' }],
    targets: { kind: 'values', names: ['y'], dtype: 'float32' },
    classOfCode: null,
    idKind: 'int64',
  });
  const blob = readable(Buffer.concat(parts));
  assert.deepEqual((await readFooter(blob)).sections.row_ids, { offset: 32, length: 8 });
  assert.equal((await openDataset(blob)).rowId(0), '7');
});

test('bytes that are not such a blob are ARTIFACT_CORRUPT', async () => {
  const { bytes } = await encode([[1, 2, 3]]);
  const changed = (change: (copy: Uint8Array) => void): Uint8Array => {
    const copy = Uint8Array.from(bytes);
    change(copy);
    return copy;
  };
  const cases = [
    new Uint8Array(5),
    bytes.subarray(0, -1),
    changed((copy) => copy.set(edge('head', 2))),
    changed((copy) => copy.set(edge('tail', 1 << 30), copy.byteLength - 16)),
    changed((copy) => copy.fill(0x20, 64, 70)),
    Buffer.concat([bytes.subarray(0, 16), bytes.subarray(20)]),
    Buffer.from(Buffer.from(bytes).toString('latin1').replace('"rows":3', '"rows":2'), 'latin1'),
    Buffer.from(Buffer.from(bytes).toString('latin1').replace('"offset":16', '"offset":96'), 'latin1'),
  ];
  for (const [index, damaged] of cases.entries()) {
    await assert.rejects(openDataset(readable(damaged)), { code: 'ARTIFACT_CORRUPT' }, `case ${index}`);
  }
});
