import { countArgument, numberArgument, type TorchArguments } from '../torch-arguments.ts';
import type { RateCurve } from './scheduler.ts';

/** torch LinearLR: base * (start_factor + (end_factor - start_factor) * min(count, total_iters) / total_iters). torch multiplies along; the difference is rounding. */
export function linearLR(config: TorchArguments): RateCurve {
  const startFactor = numberArgument(config, 'start_factor', 1 / 3);
  const endFactor = numberArgument(config, 'end_factor', 1);
  const totalIters = countArgument(config, 'total_iters', { least: 1, fallback: 5 });
  return (count, baseLr) => baseLr * (startFactor + ((endFactor - startFactor) * Math.min(count, totalIters)) / totalIters);
}
