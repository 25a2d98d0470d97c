import { integerPower } from '../exact-math.ts';
import { choiceArgument, countArgument, numberArgument, type TorchArguments } from '../torch-arguments.ts';
import type { MomentumCurve, RateCurve } from './scheduler.ts';

/**
 * torch CyclicLR (Smith 2017): a triangle between base_lr and max_lr, shrinking by half per cycle (triangular2) or by gamma per count
 * (exp_range). It replaces the optimizer's rate. `scale_fn` is Python code and has no counterpart.
 */
export function cyclicLR(config: TorchArguments): RateCurve {
  const low = numberArgument(config, 'base_lr');
  const high = numberArgument(config, 'max_lr');
  const height = triangle(config);
  return (count) => low + (high - low) * height(count);
}

/** The momentum of a CyclicLR: the same triangle downwards, from max_momentum to base_momentum. */
export function cyclicMomentum(config: TorchArguments): MomentumCurve {
  const low = numberArgument(config, 'base_momentum', 0.8);
  const high = numberArgument(config, 'max_momentum', 0.9);
  const height = triangle(config);
  return (count) => high - (high - low) * height(count);
}

/** The height of the triangle at a count, as a share: 0 to 1, and less where it shrinks. */
function triangle(config: TorchArguments): (count: number) => number {
  const up = countArgument(config, 'step_size_up', { least: 1, fallback: 2000 });
  const down = config.values['step_size_down'] === null ? up : countArgument(config, 'step_size_down', { least: 1, fallback: up });
  const mode = choiceArgument(config, 'mode', ['triangular', 'triangular2', 'exp_range']);
  const gamma = numberArgument(config, 'gamma', 1);
  const scaleAt = (cycle: number, count: number): number => {
    if (mode === 'triangular') return 1;
    return mode === 'triangular2' ? integerPower(0.5, cycle) : integerPower(gamma, count);
  };
  return (count) => {
    const within = count % (up + down);
    const height = within <= up ? within / up : (up + down - within) / down; // 0 to 1
    return height * scaleAt(Math.floor(count / (up + down)), count);
  };
}
