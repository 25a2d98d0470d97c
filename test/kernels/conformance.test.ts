import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { loadBackend } from '../../src/kernels/backend.ts';
import { probeBackends } from '../../src/kernels/probe.ts';
import { type GradientCase, type HostTensor, largestDifference, outputAndGradients, toTensor, weightedSum } from './conformance/case.ts';
import { elementwiseCases } from './conformance/elementwise-cases.ts';
import { productCases } from './conformance/product-cases.ts';
import { structureCases } from './conformance/structure-cases.ts';

const cases: readonly GradientCase[] = [...elementwiseCases, ...structureCases, ...productCases];

/** Backends differ in the order of additions and in the last bits of exp, erf and the like; at these sizes that stays below 1e-5. */
const BACKEND_TOLERANCE = 2e-5;

/** Central differences in float32: the step is 1e-2 (truncation about 1e-4 times the third derivative, rounding about 1e-5). */
const STEP = 1e-2;
const DIFFERENCE_TOLERANCE = 4e-3;

/** Elements per input whose slope is checked: enough to hit every branch, few enough to be quick. */
const CHECKED_ELEMENTS = 10;

await loadBackend('cpu');
const reference = new Map(cases.map((testCase) => [testCase.name, outputAndGradients(testCase)]));

void test('the conformance table has about a hundred cases, each with its own name', () => {
  assert.ok(cases.length >= 100, `only ${cases.length} cases`);
  assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
});

void test('on cpu every gradient agrees with finite differences', async () => {
  await loadBackend('cpu');
  const wrong = cases.filter(({ smooth }) => smooth).flatMap((testCase) => differenceProblems(testCase));
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

function differenceProblems(testCase: GradientCase): readonly string[] {
  const [, ...gradients] = reference.get(testCase.name) ?? [];
  return testCase.inputs.flatMap((input, position) => {
    const size = input.values.length;
    const stride = Math.max(1, Math.floor(size / CHECKED_ELEMENTS));
    const problems: string[] = [];
    for (let element = 0; element < size; element += stride) {
      const expected =
        (valueAt(testCase, { position, element, by: STEP }) - valueAt(testCase, { position, element, by: -STEP })) / (2 * STEP);
      const received = gradients[position]?.[element] ?? Number.NaN;
      if (!(Math.abs(received - expected) <= DIFFERENCE_TOLERANCE * (1 + Math.abs(expected)))) {
        problems.push(`${testCase.name}, input ${position + 1}, element ${element}: ${received}, by differences ${expected}`);
      }
    }
    return problems;
  });
}

interface Nudge {
  readonly position: number;
  readonly element: number;
  readonly by: number;
}

function valueAt(testCase: GradientCase, { position, element, by }: Nudge): number {
  return tf.tidy(() => {
    const xs = testCase.inputs.map((input, index) => toTensor(index === position ? nudged(input, element, by) : input));
    return weightedSum(testCase.f(...xs)).dataSync()[0] ?? Number.NaN;
  });
}

function nudged({ shape, values }: HostTensor, element: number, by: number): HostTensor {
  const moved = Float32Array.from(values);
  moved[element] = (moved[element] ?? 0) + by;
  return { shape, values: moved };
}
