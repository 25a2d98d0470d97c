import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { probeBackends } from '../../src/kernels/probe.ts';
import { type GradientCase, largestDifference, outputAndGradients } from './conformance/case.ts';
import { differenceProblems } from './conformance/differences.ts';
import { elementwiseCases } from './conformance/elementwise-cases.ts';
import { productCases } from './conformance/product-cases.ts';
import { structureCases } from './conformance/structure-cases.ts';

const cases: readonly GradientCase[] = [...elementwiseCases, ...structureCases, ...productCases];

/** Backends differ in the order of additions and in the last bits of exp, erf and the like; at these sizes that stays below 1e-5. */
const BACKEND_TOLERANCE = 2e-5;

await loadBackend('cpu');
const reference = new Map(cases.map((testCase) => [testCase.name, outputAndGradients(testCase)]));

void test('the conformance table has about a hundred cases, each with its own name', () => {
  assert.ok(cases.length >= 100, `only ${cases.length} cases`);
  assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
});

void test('on cpu every gradient agrees with finite differences', async () => {
  await loadBackend('cpu');
  const wrong = cases
    .filter(({ smooth }) => smooth)
    .flatMap((testCase) => differenceProblems(testCase, reference.get(testCase.name) ?? []));
  assert.deepEqual(wrong, []);
});

for (const { name, available, why } of await probeBackends()) {
  if (name === 'cpu') continue;
  void test(`on ${name} every output and gradient agrees with cpu`, { skip: available ? false : why }, async () => {
    await loadBackend(name);
    const before = tf.memory().numTensors;
    const wrong = cases.flatMap((testCase) => backendProblems(testCase));
    assert.deepEqual(wrong, []);
    assert.equal(tf.memory().numTensors, before, 'no tensor is left behind');
  });
}

void test('on wasm a second run gives the same bits', async () => {
  await loadBackend('wasm');
  for (const testCase of cases) assert.deepEqual(outputAndGradients(testCase), outputAndGradients(testCase), testCase.name);
});

function backendProblems(testCase: GradientCase): readonly string[] {
  try {
    const expected = reference.get(testCase.name) ?? [];
    return outputAndGradients(testCase).flatMap((received, index) => {
      const difference = largestDifference(received, expected[index] ?? new Float32Array());
      const what = index === 0 ? 'output' : `gradient of input ${index}`;
      return difference <= BACKEND_TOLERANCE ? [] : [`${testCase.name}, ${what}: differs by ${difference}`];
    });
  } catch (error) {
    return [`${testCase.name}: ${String(error)}`];
  }
}
