import { add, div, mul, sqrt, sub } from '@tensorflow/tfjs-core';
import { numberArgument, type TorchArguments } from '../torch-arguments.ts';
import { effectiveGradient, gradientOptions, runningSquare } from './gradient.ts';
import { slot, type UpdateRule, zeroSlot } from './optimizer.ts';

/** torch.optim.Adadelta (Zeiler 2012); slots square_avg and acc_delta. Source: torch 2.4 `_single_tensor_adadelta`. */
export function adadelta(config: TorchArguments): UpdateRule {
  const rho = numberArgument(config, 'rho', 0.9);
  const eps = numberArgument(config, 'eps', 1e-6);
  const options = gradientOptions(config);
  return {
    slots: [zeroSlot('square_avg'), zeroSlot('acc_delta')],
    update(input) {
      const g = effectiveGradient(input, options);
      const squares = runningSquare(slot(input.slots, 'square_avg'), g, rho);
      const before = slot(input.slots, 'acc_delta');
      const delta = mul(div(sqrt(add(before, eps)), sqrt(add(squares, eps))), g);
      return {
        parameter: sub(input.parameter, mul(delta, input.lr)),
        slots: { square_avg: squares, acc_delta: runningSquare(before, delta, rho) },
      };
    },
  };
}
