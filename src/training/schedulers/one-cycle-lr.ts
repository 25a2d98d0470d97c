import { RootstockError } from '../../errors.ts';
import { cosPi } from '../exact-math.ts';
import { choiceArgument, countArgument, flagArgument, numberArgument, type TorchArguments } from '../torch-arguments.ts';
import { refuseMomentumCycle } from './momentum-cycle.ts';
import type { RateCurve } from './scheduler.ts';

/**
 * torch OneCycleLR (Smith and Topin 2019): up from max_lr / div_factor to max_lr, then down to a final rate; with three_phase back down
 * symmetrically first. It replaces the optimizer's rate. `total_steps` has to be resolved. Throws NOT_AVAILABLE for
 * cycle_momentum, STAGE_INVALID for a count beyond total_steps, as torch does.
 */
export function oneCycleLR(config: TorchArguments): RateCurve {
  refuseMomentumCycle(config);
  const maxLr = numberArgument(config, 'max_lr');
  const totalSteps = countArgument(config, 'total_steps', { least: 1 });
  const pctStart = numberArgument(config, 'pct_start', 0.3);
  const initialLr = maxLr / numberArgument(config, 'div_factor', 25);
  const finalLr = initialLr / numberArgument(config, 'final_div_factor', 1e4);
  const anneal = choiceArgument(config, 'anneal_strategy', ['cos', 'linear']) === 'cos' ? cosine : linear;
  const peak = pctStart * totalSteps - 1;
  const phases: readonly Phase[] = flagArgument(config, 'three_phase', false)
    ? [
        { end: peak, from: initialLr, to: maxLr },
        { end: 2 * pctStart * totalSteps - 2, from: maxLr, to: initialLr },
        { end: totalSteps - 1, from: initialLr, to: finalLr },
      ]
    : [
        { end: peak, from: initialLr, to: maxLr },
        { end: totalSteps - 1, from: maxLr, to: finalLr },
      ];
  return (count) => {
    if (count > totalSteps) throw beyondEnd(config, count, totalSteps);
    const index = phases.findIndex(({ end }) => count <= end);
    const at = index === -1 ? phases.length - 1 : index;
    const phase = phases[at] as Phase;
    const start = phases[at - 1]?.end ?? 0;
    return anneal(phase, (count - start) / (phase.end - start));
  };
}

/** A stretch of the cycle: rates at its start and at its last count. */
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
