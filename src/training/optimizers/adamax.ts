import { abs, add, div, maximum, mul, sub } from '@tensorflow/tfjs-core';
import { integerPower } from '../exact-math.ts';
import { numberArgument, pairArgument, type TorchArguments } from '../torch-arguments.ts';
import { effectiveGradient, gradientOptions, runningMean } from './gradient.ts';
import { slot, type UpdateRule, zeroSlot } from './optimizer.ts';

/** torch.optim.Adamax (Kingma and Ba 2015, section 7.1); slots exp_avg and exp_inf. Source: torch 2.4 `_single_tensor_adamax`. */
export function adamax(config: TorchArguments): UpdateRule {
  const [ownBeta1, beta2] = pairArgument(config, 'betas', [0.9, 0.999]);
  const eps = numberArgument(config, 'eps', 1e-8);
  const options = gradientOptions(config);
  return {
    slots: [zeroSlot('exp_avg'), zeroSlot('exp_inf')],
    update(input) {
      const beta1 = input.momentum ?? ownBeta1;
      const g = effectiveGradient(input, options);
      const mean = runningMean(slot(input.slots, 'exp_avg'), g, 1 - beta1);
      const largest = maximum(mul(slot(input.slots, 'exp_inf'), beta2), add(abs(g), eps));
      const scale = input.lr / (1 - integerPower(beta1, input.step));
      return { parameter: sub(input.parameter, mul(div(mean, largest), scale)), slots: { exp_avg: mean, exp_inf: largest } };
    },
  };
}
