import { add, mul, neg, square, sub, type Tensor } from '@tensorflow/tfjs-core';
import { flagArgument, numberArgument, type TorchArguments } from '../torch-arguments.ts';
import type { UpdateInput } from './optimizer.ts';

/** What every torch optimizer does to a gradient first. */
export interface GradientOptions {
  /** -1 to maximise. */
  readonly sign: 1 | -1;
  /** L2 weight decay: this times the parameter is added to the gradient. */
  readonly weightDecay: number;
}

/** Reads `maximize` and `weight_decay`, torch's defaults false and 0. */
export function gradientOptions(config: TorchArguments): GradientOptions {
  return { sign: flagArgument(config, 'maximize', false) ? -1 : 1, weightDecay: numberArgument(config, 'weight_decay', 0) };
}

/** sign * gradient + weightDecay * parameter; the gradient itself when neither changes it. */
export function effectiveGradient({ parameter, gradient }: UpdateInput, { sign, weightDecay }: GradientOptions): Tensor {
  const signed = sign === 1 ? gradient : neg(gradient);
  return weightDecay === 0 ? signed : add(signed, mul(parameter, weightDecay));
}

/** Running mean, torch's lerp: average + (value - average) * rate. */
export function runningMean(average: Tensor, value: Tensor, rate: number): Tensor {
  return add(average, mul(sub(value, average), rate));
}

/** Running mean of squares, torch's mul and addcmul: average * decay + value^2 * (1 - decay), the complement in float64. */
export function runningSquare(average: Tensor, value: Tensor, decay: number): Tensor {
  return add(mul(average, decay), mul(square(value), 1 - decay));
}
