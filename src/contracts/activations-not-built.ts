import type { Json } from './json.ts';

const WIDE = 'mixes the channels of a layer';
const ARGUMENTS = 'needs arguments that a name cannot give, in the original too';

/** What physicsml 0.6.0 knows as an activation beside those that are built, and why each is refused. */
const ACTIVATIONS_NOT_BUILT: Readonly<Record<string, string>> = {
  AdaptiveLogSoftmaxWithLoss: ARGUMENTS,
  GLU: 'halves the width, so that no layer fits behind it',
  LogSoftmax: WIDE,
  MultiheadAttention: ARGUMENTS,
  PReLU: 'has a trained weight of its own',
  RReLU: 'draws its slopes at random',
  Softmax: WIDE,
  Softmax2d: 'is for images',
  Softmin: WIDE,
  Threshold: ARGUMENTS,
};

/** Says why an activation of torch is not built; null for any other value. */
export function activationNotBuilt(value: Json | undefined): string | null {
  if (typeof value !== 'string' || !Object.hasOwn(ACTIVATIONS_NOT_BUILT, value)) return null;
  return `the activation ${value} is not built: it ${ACTIVATIONS_NOT_BUILT[value]}`;
}
