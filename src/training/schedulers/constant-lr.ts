import { countArgument, invalidArgument, numberArgument, type TorchArguments } from '../torch-arguments.ts';
import type { RateCurve } from './scheduler.ts';

/** torch ConstantLR: base * factor for the first `total_iters` counts, then base. */
export function constantLR(config: TorchArguments): RateCurve {
  const factor = numberArgument(config, 'factor', 1 / 3);
  const totalIters = countArgument(config, 'total_iters', { least: 0, fallback: 5 });
  if (factor < 0 || factor > 1) throw invalidArgument(config, 'factor', 'a number from 0 to 1');
  return (count, baseLr) => (count < totalIters ? baseLr * factor : baseLr);
}
