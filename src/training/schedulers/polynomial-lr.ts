import { integerPower } from '../exact-math.ts';
import { countArgument, numberArgument, type TorchArguments } from '../torch-arguments.ts';
import type { RateCurve } from './scheduler.ts';

/** torch PolynomialLR: base * (1 - min(count, total_iters) / total_iters)^power. A power that is not whole goes through `Math.pow`. */
export function polynomialLR(config: TorchArguments): RateCurve {
  const totalIters = countArgument(config, 'total_iters', { least: 1, fallback: 5 });
  const power = numberArgument(config, 'power', 1);
  const raised = (base: number): number => (Number.isInteger(power) && power >= 0 ? integerPower(base, power) : base ** power);
  return (count, baseLr) => baseLr * raised(1 - Math.min(count, totalIters) / totalIters);
}
