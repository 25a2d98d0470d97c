import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { assignSplit, splitNames } from '../../src/data/split.ts';
import { thirds } from './data-fixtures.ts';

test('a row keeps its split whatever rows come before or after it', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.string()), fc.nat(), (some, more, splitSeed) => {
      const alone = some.map((id) => assignSplit(id, thirds(splitSeed)));
      const among = [...more, ...some].map((id) => assignSplit(id, thirds(splitSeed))).slice(more.length);
      assert.deepEqual(among, alone);
    }),
  );
});

test('the position of a row is the first 52 bits of SHA-256("<split seed>/<row id>")', () => {
  // printf '7/mol-1' | sha256sum begins with b3cbb2143e072.
  const position = 0xb3cbb2143e072 / 2 ** 52;
  const share = (trainFraction: number) => ({ ...thirds(7), trainFraction, validationFraction: 0, testFraction: 1 - trainFraction });
  assert.equal(assignSplit('mol-1', share(position + 1e-12)), 'train');
  assert.equal(assignSplit('mol-1', share(position - 1e-12)), 'test');
});

test('splits have about the shares that the fractions ask for', () => {
  const counts = new Map<string | null, number>();
  for (let row = 0; row < 20_000; row++) {
    const split = assignSplit(String(row), thirds(3));
    counts.set(split, (counts.get(split) ?? 0) + 1);
  }
  // Standard deviation of a binomial count here is at most 70; 400 is more than five of them.
  for (const [split, expected] of Object.entries({ train: 12_000, validation: 4_000, test: 4_000 })) {
    assert.ok(Math.abs((counts.get(split) ?? 0) - expected) < 400, `${split}: ${counts.get(split)}`);
  }
});

test('another split seed deals the rows out anew', () => {
  const ids = Array.from({ length: 100 }, (_, row) => String(row));
  assert.notDeepEqual(
    ids.map((id) => assignSplit(id, thirds(0))),
    ids.map((id) => assignSplit(id, thirds(1))),
  );
});

test('fractions below 1 leave rows out, fractions that only sum to 1 up to rounding do not', () => {
  const ids = Array.from({ length: 2_000 }, (_, row) => String(row));
  const few = { ...thirds(0), trainFraction: 0.1, validationFraction: 0.1, testFraction: 0 };
  assert.ok(ids.some((id) => assignSplit(id, few) === null));
  assert.ok(ids.every((id) => assignSplit(id, { ...thirds(0), trainFraction: 0.7, validationFraction: 0.2, testFraction: 0.1 }) !== null));
  assert.deepEqual(splitNames(few), ['train', 'validation']);
});
