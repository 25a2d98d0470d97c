import { add, div, mul, sqrt, square, sub } from '@tensorflow/tfjs-core';
import { numberArgument, type TorchArguments } from '../torch-arguments.ts';
import { effectiveGradient, gradientOptions } from './gradient.ts';
import { slot, type UpdateRule } from './optimizer.ts';

/** torch.optim.Adagrad (Duchi, Hazan and Singer 2011); slot sum. Source: torch 2.4 `_single_tensor_adagrad`. */
export function adagrad(config: TorchArguments): UpdateRule {
  const lrDecay = numberArgument(config, 'lr_decay', 0);
  const eps = numberArgument(config, 'eps', 1e-10);
  const fill = numberArgument(config, 'initial_accumulator_value', 0);
  const options = gradientOptions(config);
  return {
    slots: [{ name: 'sum', fill, extent: 'parameter' }],
    update(input) {
      const g = effectiveGradient(input, options);
      const sum = add(slot(input.slots, 'sum'), square(g));
      const lr = input.lr / (1 + (input.step - 1) * lrDecay);
      return { parameter: sub(input.parameter, mul(div(g, add(sqrt(sum), eps)), lr)), slots: { sum } };
    },
  };
}
