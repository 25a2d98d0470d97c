import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { dropoutStream, initialisationStream, permutationStream, randomStream } from '../../src/random/stream.ts';

const take = (n: number, next: () => number): number[] => Array.from({ length: n }, next);

void test('a stream repeats itself exactly for the same seed and key', () => {
  assert.deepEqual(take(100, randomStream(7, 1, 'a').uint32), take(100, randomStream(7, 1, 'a').uint32));
});

void test('golden: the first words of four streams (made by this generator; a change needs a new NUMERICS_VERSION)', () => {
  assert.deepEqual(
    [
      randomStream(0),
      initialisationStream(42, 'head.weight'),
      permutationStream(42, 1, 2),
      dropoutStream(42, { stage: 1, step: 2, path: 'drop' }),
    ].map((stream) => take(3, stream.uint32)),
    [
      [3469786540, 4140598032, 828872969],
      [3801075795, 2761710785, 120301437],
      [1245506173, 833668833, 1730484289],
      [3210601919, 780217238, 2066713218],
    ],
  );
  assert.deepEqual(take(3, randomStream(0).uniform), [0.8078725934028625, 0.9640581011772156, 0.19298702478408813]);
  assert.deepEqual(take(3, randomStream(0).normal), [-0.4565861755085135, -0.6791251481423196, -0.3557852955301613]);
});

void test('seed 0 is a seed: its stream is neither constant nor that of seed 1', () => {
  const zero = take(8, randomStream(0, 'x').uint32);
  assert.equal(new Set(zero).size, 8);
  assert.notDeepEqual(zero, take(8, randomStream(1, 'x').uint32));
});

void test('every part of a key matters, also its type, its place and where one part ends', () => {
  const keys: (string | number)[][] = [[], [1], ['1'], [1, 2], [2, 1], [12], ['a', 'b'], ['ab'], ['a', 'b', ''], ['a","b'], [0, 0], [0]];
  assert.equal(new Set(keys.map((key) => take(2, randomStream(5, ...key).uint32).join())).size, keys.length);
});

void test('a key part that is not a whole number is refused', () => {
  assert.throws(() => randomStream(0.5), TypeError);
  assert.throws(() => randomStream(0, Number.NaN), TypeError);
});

void test('uniform numbers lie in [0, 1) and are the same in float32', () => {
  fc.assert(
    fc.property(fc.integer(), fc.string(), (seed, key) => {
      for (const value of take(50, randomStream(seed, key).uniform)) {
        assert.ok(value >= 0 && value < 1);
        assert.equal(Math.fround(value), value);
      }
    }),
  );
});

void test('uniform numbers fill 256 bins evenly (chi-square, fixed seed)', () => {
  const n = 256_000;
  const bins = new Float64Array(256);
  const { uniform } = randomStream(1, 'chi-square');
  for (let index = 0; index < n; index += 1) {
    const bin = Math.floor(uniform() * 256);
    bins[bin] = (bins[bin] as number) + 1;
  }
  const chiSquare = bins.reduce((sum, count) => sum + (count - n / 256) ** 2 / (n / 256), 0);
  // 255 degrees of freedom: mean 255, standard deviation 22.6; four of them on both sides.
  assert.ok(Math.abs(chiSquare - 255) < 90, `chi-square ${chiSquare}`);
});

void test('neighbouring numbers of a stream, and of neighbouring streams, are uncorrelated', () => {
  const n = 100_000;
  const a = take(n, randomStream(3, 1, 1, 'drop').uniform);
  const b = take(n, randomStream(3, 1, 2, 'drop').uniform);
  const correlation = (x: number[], y: number[], lag: number): number =>
    (12 / n) * x.slice(lag).reduce((sum, value, index) => sum + (value - 0.5) * ((y[index] as number) - 0.5), 0);
  // The estimate's standard deviation is 1 / sqrt(n) = 0.0032; four of them.
  assert.ok(Math.abs(correlation(a, a, 1)) < 0.013);
  assert.ok(Math.abs(correlation(a, b, 0)) < 0.013);
});

void test('normal numbers have the mean, variance, skewness and kurtosis of a standard normal', () => {
  const n = 200_000;
  const values = take(n, randomStream(2, 'normal').normal);
  const moment = (power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / n;
  // Standard deviations of the estimates: sqrt(1/n) = 0.0022, sqrt(2/n) = 0.0032, sqrt(15/n) = 0.0087, sqrt(96/n) = 0.022; four of each.
  assert.ok(Math.abs(moment(1)) < 0.009);
  assert.ok(Math.abs(moment(2) - 1) < 0.013);
  assert.ok(Math.abs(moment(3)) < 0.035);
  assert.ok(Math.abs(moment(4) - 3) < 0.09);
});
