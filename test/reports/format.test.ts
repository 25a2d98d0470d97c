import assert from 'node:assert/strict';
import test from 'node:test';
import { formatBar, formatBytes, formatCount, formatMetrics, formatNumber } from '../../src/reports/format.ts';
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
