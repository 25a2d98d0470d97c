import { integerPower } from '../exact-math.ts';
import { countArgument, numberArgument, type TorchArguments } from '../torch-arguments.ts';
import type { RateCurve } from './scheduler.ts';

/** torch StepLR: base * gamma^floor(count / step_size). torch multiplies step by step; the difference is rounding (below 1e-12). */
export function stepLR(config: TorchArguments): RateCurve {
  const stepSize = countArgument(config, 'step_size', { least: 1 });
  const gamma = numberArgument(config, 'gamma', 0.1);
  return (count, baseLr) => baseLr * integerPower(gamma, Math.floor(count / stepSize));
}
