import assert from 'node:assert/strict';
import test from 'node:test';
import { distinctMetrics, formatBar, formatBytes, formatCount, formatMetrics, formatNumber } from '../../src/reports/format.ts';
import { formatTable } from '../../src/reports/table.ts';

test('numbers keep four significant digits, and say NaN when they are', () => {
  assert.deepEqual([0.123456, 1234567, 0.00001234, 'NaN' as const, 0].map(formatNumber), ['0.1235', '1235000', '1.234e-5', 'NaN', '0']);
});

test('counts and bytes are readable', () => {
  assert.deepEqual(
    [formatCount(1234567), formatBytes(1023), formatBytes(1536), formatBytes(5 * 1024 ** 3)],
    ['1,234,567', '1023 B', '1.5 KiB', '5.0 GiB'],
  );
});

test('a bar never leaves its width', () => {
  assert.deepEqual([formatBar(-1, 4), formatBar(0.5, 4), formatBar(2, 4)], ['░░░░', '██░░', '████']);
});

test('the loss of an only head is shown once, beside another value or another head it stays', () => {
  const once = { 'train/total/loss': 2, 'val/total/loss': 1, 'val/total/y_graph_scalars': 1, 'val/mae': 1 };
  assert.deepEqual(Object.keys(distinctMetrics(once)), ['train/total/loss', 'val/total/loss', 'val/mae']);
  assert.equal(formatMetrics(once), 'train/total/loss 2  val/total/loss 1  val/mae 1');
  const weighted = { 'val/total/loss': 3, 'val/total/y_graph_scalars': 1 };
  assert.deepEqual(distinctMetrics(weighted), weighted);
  const two = { 'val/total/loss': 1, 'val/total/y_graph_scalars': 1, 'val/total/y_node_scalars': 0 };
  assert.deepEqual(distinctMetrics(two), two);
});

test('metrics can be chosen by name', () => {
  assert.equal(formatMetrics({ a: 1, b: 2 }, ['b']), 'b 2');
});

test('table columns are as wide as their widest cell and numbers align right', () => {
  assert.equal(
    formatTable(
      ['name', 'n'],
      [
        ['a', '1'],
        ['longer', '1,234'],
      ],
    ),
    ['name        n', '──────  ─────', 'a           1', 'longer  1,234'].join('\n'),
  );
});
