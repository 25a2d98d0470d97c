import { clipByValue, fill, greater, less, mul, neg, scalar, sign, sub, where, zerosLike } from '@tensorflow/tfjs-core';
import { flagArgument, pairArgument, type TorchArguments } from '../torch-arguments.ts';
import { slot, type UpdateRule, zeroSlot } from './optimizer.ts';

/**
 * torch.optim.Rprop (Riedmiller and Braun 1993): only the gradient's sign counts; slots prev and step_size. Every element's step
 * size starts at the first step's lr, and later rates have no effect. Source: torch 2.4 `_single_tensor_rprop`.
 */
export function rprop(config: TorchArguments): UpdateRule {
  const [etaMinus, etaPlus] = pairArgument(config, 'etas', [0.5, 1.2]);
  const [least, most] = pairArgument(config, 'step_sizes', [1e-6, 50]);
  const maximize = flagArgument(config, 'maximize', false);
  return {
    slots: [zeroSlot('prev'), zeroSlot('step_size')],
    update({ parameter, gradient, slots, step, lr }) {
      const g = maximize ? neg(gradient) : gradient;
      const agreement = mul(g, slot(slots, 'prev'));
      const turned = less(agreement, 0);
      const factor = where(greater(agreement, 0), scalar(etaPlus), where(turned, scalar(etaMinus), scalar(1)));
      const before = step === 1 ? fill(parameter.shape, lr) : slot(slots, 'step_size');
      const size = clipByValue(mul(before, factor), least, most);
      // After a turn the element rests for one step, and counts as having no direction in the next.
      const direction = where(turned, zerosLike(g), g);
      return { parameter: sub(parameter, mul(sign(direction), size)), slots: { prev: direction, step_size: size } };
    },
  };
}
