import assert from 'node:assert/strict';
import test from 'node:test';
import { copyLines, countLines } from '../../src/data/ragged-lines.ts';

/** Rows of 1, 0 and 40 lines: of few values and of many. */
const OFFSETS = Uint32Array.of(0, 1, 1, 41);

test('lines are counted and copied in the order of the rows, also twice; a row without lines adds none', () => {
  const values = Float32Array.from({ length: 82 }, (_, at) => at);
  const rows = [2, 1, 0, 2];
  assert.equal(countLines(OFFSETS, rows), 81);
  const into = new Float32Array(81 * 2).fill(-1);
  copyLines({ offsets: OFFSETS, width: 2, values }, rows, into);
  assert.deepEqual([...into], [...values.slice(2), 0, 1, ...values.slice(2)]);
});

test('no rows have no lines', () => {
  assert.equal(countLines(OFFSETS, []), 0);
  copyLines({ offsets: OFFSETS, width: 1, values: new Float32Array(41) }, [], new Float32Array(0));
});
