import assert from 'node:assert/strict';
import test from 'node:test';
import { csvLine, predictionHeader, predictionRows } from '../../src/training/predict.ts';

test('a regressor has a column per target', () => {
  const columns = { yFeatures: ['u0', 'u1'], classes: null };
  assert.deepEqual(predictionHeader(columns), ['u0', 'u1']);
  assert.deepEqual(predictionRows(Float32Array.of(1, 2, 3, 4), columns), [
    [1, 2],
    [3, 4],
  ]);
});

test('a classifier names the most probable class and gives every probability', () => {
  const columns = { yFeatures: ['digit'], classes: [5, 'six'] };
  assert.deepEqual(predictionHeader(columns), ['digit', 'digit_probability_5', 'digit_probability_six']);
  const [first, second] = predictionRows(Float32Array.of(0, Math.log(3), 1000, 0), columns);
  assert.equal(first?.[0], 'six');
  assert.ok(Math.abs(Number(first?.[1]) - 0.25) < 1e-7); // log(3) is rounded to float32
  assert.deepEqual(second, [5, 1, 0], 'a large logit does not overflow');
});

test('of equal classes the first is named', () => {
  assert.equal(predictionRows(Float32Array.of(2, 2), { yFeatures: ['y'], classes: ['b', 'a'] })[0]?.[0], 'b');
});

test('cells that hold commas, quotes or line breaks are quoted', () => {
  assert.equal(csvLine(['a,b', 'say "x"', 1.5]), '"a,b","say ""x""",1.5\n');
});
