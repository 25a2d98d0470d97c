import assert from 'node:assert/strict';
import test from 'node:test';
import { fillKeepMask, fillNormal, fillUniform } from '../../src/random/fill.ts';
import { randomStream } from '../../src/random/stream.ts';

const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

void test('a bulk fill gives the numbers that single draws give', () => {
  const uniform = new Float32Array(9);
  fillUniform(uniform, 0, 1, randomStream(1, 'a'));
  const one = randomStream(1, 'a');
  assert.deepEqual([...uniform], Array.from(uniform, one.uniform));
  const normal = new Float32Array(9);
  fillNormal(normal, 0, 1, randomStream(1, 'a'));
  const other = randomStream(1, 'a');
  assert.deepEqual(
    [...normal],
    Array.from(normal, () => Math.fround(other.normal())),
  );
});

void test('fillUniform covers [low, high] and fillNormal has the mean and spread asked for', () => {
  const values = new Float32Array(100_000);
  fillUniform(values, -2, 6, randomStream(1, 'u'));
  assert.ok(values.every((value) => value >= -2 && value <= 6));
  assert.ok(Math.min(...values.subarray(0, 5000)) < -1.9 && Math.max(...values.subarray(0, 5000)) > 5.9);
  // Standard deviation of the mean: 8 / sqrt(12 n) = 0.0073; four of them.
  assert.ok(Math.abs(mean(values) - 2) < 0.03);
  fillNormal(values, 3, 0.5, randomStream(1, 'n'));
  // 0.5 / sqrt(n) = 0.0016 for the mean, 0.25 * sqrt(2 / n) = 0.0011 for the variance; four of each.
  assert.ok(Math.abs(mean(values) - 3) < 0.0064);
  assert.ok(Math.abs(mean(values.map((value) => (value - 3) ** 2)) - 0.25) < 0.0045);
});

void test('a keep mask of probability p drops about p of the elements; p 0 keeps all, p 1 drops all', () => {
  const mask = new Float32Array(100_000);
  fillKeepMask(mask, 0.3, randomStream(1, 'mask'));
  assert.ok(mask.every((value) => value === 0 || value === 1));
  // Standard deviation sqrt(0.3 * 0.7 / n) = 0.0014; four of them.
  assert.ok(Math.abs(mean(mask) - 0.7) < 0.006);
  fillKeepMask(mask, 0, randomStream(1, 'mask'));
  assert.equal(mean(mask), 1);
  fillKeepMask(mask, 1, randomStream(1, 'mask'));
  assert.equal(mean(mask), 0);
});
