import assert from 'node:assert/strict';
import test from 'node:test';
import { cosPi, integerPower } from '../../src/training/exact-math.ts';

void test('cosPi is exact at quarter turns and agrees with Math.cos elsewhere', () => {
  assert.deepEqual([0, 0.5, 1, 1.5, 2, 7, 1e6].map(cosPi).map(Math.abs), [1, 0, 1, 0, 1, 1, 1]);
  assert.deepEqual([cosPi(1), cosPi(2), cosPi(-1), cosPi(0.25)], [-1, 1, -1, Math.SQRT1_2]);
  for (let i = -400; i <= 400; i++) {
    // Below the rounding of pi * turns itself, which Math.cos has to live with.
    assert.ok(Math.abs(cosPi(i / 97) - Math.cos((Math.PI * i) / 97)) < 5e-15, `at ${i / 97}`);
  }
});

void test('integerPower multiplies, also for the step counts of long runs', () => {
  assert.equal(integerPower(0.9, 0), 1);
  assert.equal(integerPower(0.9, 1), 0.9);
  assert.equal(integerPower(-2, 31), -(2 ** 31));
  assert.equal(integerPower(2, 53), 2 ** 53);
  for (const exponent of [7, 1000, 12345]) {
    const expected = Math.pow(0.999, exponent);
    // About one rounding of 1.1e-16 per exponent.
    assert.ok(Math.abs(integerPower(0.999, exponent) - expected) <= exponent * 1.2e-16 * expected, `exponent ${exponent}`);
  }
  assert.equal(integerPower(0.9, 1e9), 0);
});
