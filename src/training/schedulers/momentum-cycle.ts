import { RootstockError } from '../../errors.ts';
import { flagArgument, type TorchArguments } from '../torch-arguments.ts';
import { cyclicMomentum } from './cyclic-lr.ts';
import { oneCycleMomentum } from './one-cycle-lr.ts';
import type { MomentumCurve } from './scheduler.ts';

const FACTORIES: Readonly<Record<string, (config: TorchArguments) => MomentumCurve>> = {
  CyclicLR: cyclicMomentum,
  OneCycleLR: oneCycleMomentum,
};

/** The momentum that a scheduler sets at each count; null when it leaves the optimizer's own: cycle_momentum false, or another class. */
export function momentumCurve(name: string, config: TorchArguments): MomentumCurve | null {
  const factory = Object.hasOwn(FACTORIES, name) ? FACTORIES[name] : undefined;
  return factory !== undefined && flagArgument(config, 'cycle_momentum', true) ? factory(config) : null;
}

/** Throws NOT_AVAILABLE for a scheduler inside a list that would cycle the momentum: torch lets the last one that was made win. */
export function refuseMomentumCycle(name: string, config: TorchArguments): void {
  if (momentumCurve(name, config) === null) return;
  throw new RootstockError(
    'NOT_AVAILABLE',
    `${config.owner}.config.cycle_momentum: cycling the momentum is not available inside a list (torch's default is true).\nFix: set cycle_momentum: false.`,
    { where: `${config.owner}.config.cycle_momentum` },
  );
}
