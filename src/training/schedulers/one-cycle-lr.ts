import { RootstockError } from '../../errors.ts';
import { cosPi } from '../exact-math.ts';
import { choiceArgument, countArgument, flagArgument, numberArgument, type TorchArguments } from '../torch-arguments.ts';
import type { MomentumCurve, RateCurve } from './scheduler.ts';

/**
 * torch OneCycleLR (Smith and Topin 2019): up from max_lr / div_factor to max_lr, then down to a final rate; with three_phase back down
 * symmetrically first. It replaces the optimizer's rate. `total_steps` has to be resolved. Throws STAGE_INVALID for a count beyond
 * total_steps, as torch does.
 */
export function oneCycleLR(config: TorchArguments): RateCurve {
  const maxLr = numberArgument(config, 'max_lr');
  const initialLr = maxLr / numberArgument(config, 'div_factor', 25);
  const finalLr = initialLr / numberArgument(config, 'final_div_factor', 1e4);
  const cycle = cycleOf(config, isThreePhase(config) ? [initialLr, maxLr, initialLr, finalLr] : [initialLr, maxLr, finalLr]);
  return (count) => cycle(count);
}

/** The momentum of a OneCycleLR: max_momentum where the rate is lowest, base_momentum at its peak. */
export function oneCycleMomentum(config: TorchArguments): MomentumCurve {
  const low = numberArgument(config, 'base_momentum', 0.85);
  const high = numberArgument(config, 'max_momentum', 0.95);
  return cycleOf(config, isThreePhase(config) ? [high, low, high, high] : [high, low, high]);
}

function isThreePhase(config: TorchArguments): boolean {
  return flagArgument(config, 'three_phase', false);
}

/** A way through values, each phase from one to the next. */
function cycleOf(config: TorchArguments, values: readonly number[]): (count: number) => number {
  const totalSteps = countArgument(config, 'total_steps', { least: 1 });
  const pctStart = numberArgument(config, 'pct_start', 0.3);
  const anneal = choiceArgument(config, 'anneal_strategy', ['cos', 'linear']) === 'cos' ? cosine : linear;
  const peak = pctStart * totalSteps - 1;
  const ends = isThreePhase(config) ? [peak, 2 * pctStart * totalSteps - 2, totalSteps - 1] : [peak, totalSteps - 1];
  const phases = ends.map((end, index): Phase => ({ end, from: values[index] as number, to: values[index + 1] as number }));
  return (count) => {
    if (count > totalSteps) throw beyondEnd(config, count, totalSteps);
    const index = phases.findIndex(({ end }) => count <= end);
    const at = index === -1 ? phases.length - 1 : index;
    const phase = phases[at] as Phase;
    const start = phases[at - 1]?.end ?? 0;
    return anneal(phase, (count - start) / (phase.end - start));
  };
}

/** A stretch of the cycle: its values at its start and at its last count. */
interface Phase {
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

function cosine({ from, to }: Phase, share: number): number {
  return to + ((from - to) / 2) * (1 + cosPi(share));
}

function linear({ from, to }: Phase, share: number): number {
  return (to - from) * share + from;
}

function beyondEnd(config: TorchArguments, count: number, totalSteps: number): RootstockError {
  return new RootstockError(
    'STAGE_INVALID',
    `${config.owner}.config.total_steps: expected at least ${count}, received ${totalSteps}.\nFix: set total_steps: num_steps.`,
    { count, totalSteps },
  );
}
