import { integerPower } from '../exact-math.ts';
import { numberArgument, type TorchArguments } from '../torch-arguments.ts';
import type { RateCurve } from './scheduler.ts';

/** torch ExponentialLR: base * gamma^count. torch multiplies step by step; the difference is rounding (about count * 1e-16). */
export function exponentialLR(config: TorchArguments): RateCurve {
  const gamma = numberArgument(config, 'gamma');
  return (count, baseLr) => baseLr * integerPower(gamma, count);
}
