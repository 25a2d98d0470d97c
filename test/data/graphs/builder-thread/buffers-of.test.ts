import assert from 'node:assert/strict';
import test from 'node:test';
import { buffersOf, bytesOf } from '../../../../src/data/graphs/builder-thread/buffers-of.ts';

test('the memory of arrays is found at any depth, each once, whatever else a value holds', () => {
  const [own, shared] = [new ArrayBuffer(24), new SharedArrayBuffer(8)];
  const value = {
    name: 'x',
    nothing: null,
    rowId: String,
    views: [new Float32Array(own), new Uint16Array(own, 4, 2)],
    deeper: { still: { values: new Int32Array(shared) } },
  };
  assert.deepEqual([...buffersOf(value)], [own, shared]);
  assert.equal(bytesOf(value), 32);
  assert.equal(bytesOf({ rows: 3 }), 0);
});
