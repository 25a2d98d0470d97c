import { cosPi } from '../exact-math.ts';
import { countArgument, numberArgument, type TorchArguments } from '../torch-arguments.ts';
import type { RateCurve } from './scheduler.ts';

/**
 * torch CosineAnnealingLR (Loshchilov and Hutter 2017, without restarts): eta_min + (base - eta_min) * (1 + cos(pi * count / T_max)) / 2,
 * which rises again after T_max. torch computes it from the previous rate; the difference is rounding (below 1e-12 of the base rate).
 */
export function cosineAnnealingLR(config: TorchArguments): RateCurve {
  const tMax = countArgument(config, 'T_max', { least: 1 });
  const etaMin = numberArgument(config, 'eta_min', 0);
  return (count, baseLr) => etaMin + ((baseLr - etaMin) * (1 + cosPi(count / tMax))) / 2;
}
