import { integerPower } from '../exact-math.ts';
import { numberArgument, numbersArgument, type TorchArguments } from '../torch-arguments.ts';
import type { RateCurve } from './scheduler.ts';

/** torch MultiStepLR: base * gamma^(milestones reached); a milestone named twice counts twice. */
export function multiStepLR(config: TorchArguments): RateCurve {
  const milestones = numbersArgument(config, 'milestones');
  const gamma = numberArgument(config, 'gamma', 0.1);
  return (count, baseLr) => baseLr * integerPower(gamma, milestones.filter((milestone) => milestone <= count).length);
}
