import { RootstockError } from '../../errors.ts';
import { flagArgument, type TorchArguments } from '../torch-arguments.ts';

/** Throws NOT_AVAILABLE unless cycle_momentum is false: torch's default is true, and it would change the optimizer's momentum at every step. */
export function refuseMomentumCycle(config: TorchArguments): void {
  if (!flagArgument(config, 'cycle_momentum', true)) return;
  throw new RootstockError(
    'NOT_AVAILABLE',
    `${config.owner}.config.cycle_momentum: cycling the momentum is not available (torch's default is true).\nFix: set cycle_momentum: false.`,
    { where: `${config.owner}.config.cycle_momentum` },
  );
}
