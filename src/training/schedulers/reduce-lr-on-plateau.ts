import type { PlateauState } from '../../artifacts/training-state.ts';
import { decodeNumber, encodeNumber } from '../../contracts/json.ts';
import { choiceArgument, countArgument, numberArgument, type TorchArguments } from '../torch-arguments.ts';

/** torch's ReduceLROnPlateau with its arguments bound; what it remembers is the caller's. */
export interface PlateauRule {
  /** The state before the first epoch; a base rate for each parameter group. */
  initial(baseLrs: readonly number[]): PlateauState;
  /** Judges the metric of one epoch. A metric that is not a number never counts as better. */
  next(state: PlateauState, value: number): PlateauState;
}

/**
 * torch ReduceLROnPlateau: after more than `patience` epochs without an improvement every group's rate is multiplied by `factor`, though not
 * below `min_lr` and not by changes of at most `eps`; then `cooldown` epochs do not count. Source: torch 2.4.
 */
export function reduceLROnPlateau(config: TorchArguments): PlateauRule {
  const larger = choiceArgument(config, 'mode', ['min', 'max']) === 'max';
  const factor = numberArgument(config, 'factor', 0.1);
  const patience = countArgument(config, 'patience', { least: 0, fallback: 10 });
  const threshold = numberArgument(config, 'threshold', 1e-4);
  const relative = choiceArgument(config, 'threshold_mode', ['rel', 'abs']) === 'rel';
  const cooldown = countArgument(config, 'cooldown', { least: 0, fallback: 0 });
  const minLr = numberArgument(config, 'min_lr', 0);
  const eps = numberArgument(config, 'eps', 1e-8);
  const isBetter = (value: number, best: number): boolean => {
    if (larger) return value > (relative ? best * (1 + threshold) : best + threshold);
    return value < (relative ? best * (1 - threshold) : best - threshold);
  };
  const reduced = (rate: number): number => {
    const next = Math.max(rate * factor, minLr);
    return rate - next > eps ? next : rate;
  };
  return {
    initial: (baseLrs) => ({
      best: encodeNumber(larger ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY),
      numBadEpochs: 0,
      cooldownCounter: 0,
      rates: baseLrs,
    }),
    next(state, value) {
      const better = isBetter(value, decodeNumber(state.best));
      const best = better ? encodeNumber(value) : state.best;
      const cooling = state.cooldownCounter > 0;
      const bad = better || cooling ? 0 : state.numBadEpochs + 1;
      if (bad <= patience) {
        return { best, numBadEpochs: bad, cooldownCounter: cooling ? state.cooldownCounter - 1 : 0, rates: state.rates };
      }
      return { best, numBadEpochs: 0, cooldownCounter: cooldown, rates: state.rates.map(reduced) };
    },
  };
}
