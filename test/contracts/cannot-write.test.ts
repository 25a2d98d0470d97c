import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cannotWrite } from '../../src/contracts/cannot-write.ts';

void test('a file that cannot be written is named as given, with what helps', () => {
  const cause = Object.assign(new Error("open '/x/p.csv.1234.tmp'"), { code: 'ENOENT' });
  const error = cannotWrite('/x/p.csv', cause);
  assert.equal(error.code, 'OUTPUT_UNWRITABLE');
  assert.match(error.message, /^"\/x\/p\.csv" cannot be written \(ENOENT\)\.\nFix: its directory is not there: make it first/u);
  assert.doesNotMatch(error.message, /tmp/u);
  assert.match(cannotWrite('a', 'odd').message, /cannot be written \(odd\)\.\nFix: give another path\./u);
});
