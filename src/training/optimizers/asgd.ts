import { add, clone, mul, scalar, sub } from '@tensorflow/tfjs-core';
import { numberArgument, type TorchArguments } from '../torch-arguments.ts';
import { effectiveGradient, gradientOptions } from './gradient.ts';
import { slot, type UpdateRule, zeroSlot } from './optimizer.ts';

/**
 * torch.optim.ASGD (Polyak and Juditsky 1992); slots eta (one number: the rate of the next step, made from this step's lr) and ax
 * (the average of the parameters, which training itself never reads). Source: torch 2.4 `_single_tensor_asgd`.
 */
export function asgd(config: TorchArguments): UpdateRule {
  const lambd = numberArgument(config, 'lambd', 1e-4);
  const alpha = numberArgument(config, 'alpha', 0.75);
  const t0 = numberArgument(config, 't0', 1e6);
  const options = gradientOptions(config);
  return {
    slots: [{ name: 'eta', fill: 0, extent: 'scalar' }, zeroSlot('ax')],
    update(input) {
      const { step, lr, parameter } = input;
      const g = effectiveGradient(input, options);
      const eta = step === 1 ? scalar(lr) : slot(input.slots, 'eta');
      const next = sub(mul(parameter, sub(1, mul(eta, lambd))), mul(g, eta));
      const mu = 1 / Math.max(1, step - 1 - t0);
      const before = slot(input.slots, 'ax');
      return {
        parameter: next,
        slots: {
          eta: scalar(lr / (1 + lambd * lr * step) ** alpha),
          ax: mu === 1 ? clone(next) : add(before, mul(sub(next, before), mu)),
        },
      };
    },
  };
}
