import * as tf from '@tensorflow/tfjs-core';
import { type GradientCase, type HostTensor, toTensor, weightedSum } from './case.ts';

/** Central differences in float32: the step is 1e-2 (truncation about 1e-4 times the third derivative, rounding about 1e-5). */
const STEP = 1e-2;
const DIFFERENCE_TOLERANCE = 4e-3;

/** Elements per input whose slope is checked: enough to hit every branch, few enough to be quick. */
const CHECKED_ELEMENTS = 10;

/** Compares gradients (as `outputAndGradients` gives them) with central differences on the active backend; returns what disagrees. */
export function differenceProblems(testCase: GradientCase, [, ...gradients]: readonly Float32Array[]): readonly string[] {
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
