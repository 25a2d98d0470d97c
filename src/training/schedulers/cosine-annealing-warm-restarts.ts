import { cosPi } from '../exact-math.ts';
import { countArgument, numberArgument, type TorchArguments } from '../torch-arguments.ts';
import type { RateCurve } from './scheduler.ts';

/** torch CosineAnnealingWarmRestarts (Loshchilov and Hutter 2017): cosine cycles of T_0, T_0 * T_mult, T_0 * T_mult^2, ... counts. */
export function cosineAnnealingWarmRestarts(config: TorchArguments): RateCurve {
  const firstLength = countArgument(config, 'T_0', { least: 1 });
  const growth = countArgument(config, 'T_mult', { least: 1, fallback: 1 });
  const etaMin = numberArgument(config, 'eta_min', 0);
  return (count, baseLr) => etaMin + ((baseLr - etaMin) * (1 + cosPi(withinCycle(count, firstLength, growth)))) / 2;
}

/** How far into its cycle a count is, 0 to below 1. Whole numbers throughout, where torch takes a logarithm. */
function withinCycle(count: number, firstLength: number, growth: number): number {
  if (growth === 1) return (count % firstLength) / firstLength;
  let rest = count;
  let length = firstLength;
  while (rest >= length) {
    rest -= length;
    length *= growth;
  }
  return rest / length;
}
