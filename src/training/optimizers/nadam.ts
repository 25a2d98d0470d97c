import { add, div, mul, sqrt, sub } from '@tensorflow/tfjs-core';
import { integerPower } from '../exact-math.ts';
import { flagArgument, numberArgument, pairArgument, type TorchArguments } from '../torch-arguments.ts';
import { effectiveGradient, gradientOptions, runningMean, runningSquare } from './gradient.ts';
import { slot, type UpdateRule, zeroSlot } from './optimizer.ts';

/**
 * torch.optim.NAdam (Dozat 2016); slots exp_avg and exp_avg_sq. Source: torch 2.4 `_single_tensor_nadam`. torch keeps the product
 * of its momenta mu_1 .. mu_t as state; here it is computed from the step in float64 (with `Math.pow`, for a power that is not whole).
 */
export function nadam(config: TorchArguments): UpdateRule {
  const [beta1, beta2] = pairArgument(config, 'betas', [0.9, 0.999]);
  const eps = numberArgument(config, 'eps', 1e-8);
  const momentumDecay = numberArgument(config, 'momentum_decay', 0.004);
  const options = gradientOptions(config);
  const decoupled = flagArgument(config, 'decoupled_weight_decay', false);
  const l2 = decoupled ? { ...options, weightDecay: 0 } : options;
  const muAt = (step: number): number => beta1 * (1 - 0.5 * 0.96 ** (step * momentumDecay));
  const productUpTo = runningProducts(muAt);
  return {
    slots: [zeroSlot('exp_avg'), zeroSlot('exp_avg_sq')],
    update(input) {
      const g = effectiveGradient(input, l2);
      const m = runningMean(slot(input.slots, 'exp_avg'), g, 1 - beta1);
      const v = runningSquare(slot(input.slots, 'exp_avg_sq'), g, beta2);
      const denominator = add(sqrt(div(v, 1 - integerPower(beta2, input.step))), eps);
      const ownScale = (input.lr * (1 - muAt(input.step))) / (1 - productUpTo(input.step));
      const meanScale = (input.lr * muAt(input.step + 1)) / (1 - productUpTo(input.step + 1));
      const change = div(add(mul(g, ownScale), mul(m, meanScale)), denominator);
      const kept = decoupled ? mul(input.parameter, 1 - input.lr * options.weightDecay) : input.parameter;
      return { parameter: sub(kept, change), slots: { exp_avg: m, exp_avg_sq: v } };
    },
  };
}

/** factor(1) * ... * factor(n), left to right, each computed once. */
function runningProducts(factor: (index: number) => number): (n: number) => number {
  const products = [1];
  return (n) => {
    for (let index = products.length; index <= n; index++) products.push((products[index - 1] as number) * factor(index));
    return products[n] as number;
  };
}
