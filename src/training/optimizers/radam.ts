import { add, div, mul, sqrt, sub } from '@tensorflow/tfjs-core';
import { integerPower } from '../exact-math.ts';
import { flagArgument, numberArgument, pairArgument, type TorchArguments } from '../torch-arguments.ts';
import { effectiveGradient, gradientOptions, runningMean, runningSquare } from './gradient.ts';
import { slot, type UpdateRule, zeroSlot } from './optimizer.ts';

/**
 * torch.optim.RAdam (Liu et al. 2020); slots exp_avg and exp_avg_sq. While the variance cannot be estimated (rho_t <= 5, the first
 * five steps at beta2 0.999) the step is momentum alone. Source: torch 2.4 `_single_tensor_radam`.
 */
export function radam(config: TorchArguments): UpdateRule {
  const [ownBeta1, beta2] = pairArgument(config, 'betas', [0.9, 0.999]);
  const eps = numberArgument(config, 'eps', 1e-8);
  const options = gradientOptions(config);
  const decoupled = flagArgument(config, 'decoupled_weight_decay', false);
  const l2 = decoupled ? { ...options, weightDecay: 0 } : options;
  return {
    slots: [zeroSlot('exp_avg'), zeroSlot('exp_avg_sq')],
    update(input) {
      const beta1 = input.momentum ?? ownBeta1;
      const g = effectiveGradient(input, l2);
      const m = runningMean(slot(input.slots, 'exp_avg'), g, 1 - beta1);
      const v = runningSquare(slot(input.slots, 'exp_avg_sq'), g, beta2);
      const step = mul(m, input.lr / (1 - integerPower(beta1, input.step)));
      const rectified = rectification(input.step, beta2);
      const change = rectified === null ? step : div(mul(step, rectified), add(sqrt(v), eps));
      const kept = decoupled ? mul(input.parameter, 1 - input.lr * options.weightDecay) : input.parameter;
      return { parameter: sub(kept, change), slots: { exp_avg: m, exp_avg_sq: v } };
    },
  };
}

/** r_t * sqrt(1 - beta2^t), or null while rho_t <= 5. */
function rectification(step: number, beta2: number): number | null {
  const power = integerPower(beta2, step);
  const limit = 2 / (1 - beta2) - 1;
  const rho = limit - (2 * step * power) / (1 - power);
  if (rho <= 5) return null;
  return Math.sqrt((((rho - 4) * (rho - 2) * limit) / ((limit - 4) * (limit - 2) * rho)) * (1 - power));
}
