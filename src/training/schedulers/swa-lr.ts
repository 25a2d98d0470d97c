import { cosPi } from '../exact-math.ts';
import { choiceArgument, countArgument, numberArgument, type TorchArguments } from '../torch-arguments.ts';
import type { RateCurve } from './scheduler.ts';

/** torch.optim.swa_utils.SWALR: from the base rate to swa_lr within anneal_epochs counts, then constant. 0 counts: swa_lr at once. */
export function swaLR(config: TorchArguments): RateCurve {
  const target = numberArgument(config, 'swa_lr');
  const share = swaShare(config);
  return (count, baseLr) => mix(baseLr, target, share(count));
}

/** How far a SWALR has come after some counts, 0 to 1: (1 - cos(pi * t)) / 2, or t itself. */
export function swaShare(config: TorchArguments): (count: number) => number {
  const length = countArgument(config, 'anneal_epochs', { least: 0, fallback: 10 });
  const linear = choiceArgument(config, 'anneal_strategy', ['cos', 'linear']) === 'linear';
  return (count) => {
    const t = length === 0 ? 1 : Math.min(1, count / length);
    return linear ? t : (1 - cosPi(t)) / 2;
  };
}

/** The rate between two others; exactly the second one at the end. */
function mix(from: number, to: number, share: number): number {
  return share === 1 ? to : to * share + from * (1 - share);
}
