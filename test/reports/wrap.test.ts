import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrapText } from '../../src/reports/wrap.ts';

void test('long lines break between words and go on indented; short ones, tables and long words stay as they are', () => {
  assert.equal(wrapText('  key: one two three', 14), '  key: one two\n    three');
  assert.equal(wrapText('a  b\n\n  c', 10), 'a  b\n\n  c');
  assert.equal(wrapText('see /a/very/long/path/of/a/file now', 10), 'see\n  /a/very/long/path/of/a/file\n  now');
  const wrapped = wrapText(`Fix: ${'word '.repeat(60).trim()}`, 100);
  assert.ok(wrapped.split('\n').every((line) => line.length <= 100));
  assert.equal(wrapped.replaceAll(/\n {2}/gu, ' '), `Fix: ${'word '.repeat(60).trim()}`);
});
