import { add, clone, div, mul, sqrt, square, sub } from '@tensorflow/tfjs-core';
import { flagArgument, numberArgument, type TorchArguments } from '../torch-arguments.ts';
import { effectiveGradient, gradientOptions, runningMean, runningSquare } from './gradient.ts';
import { type Slots, slot, type UpdateRule, zeroSlot } from './optimizer.ts';

/**
 * torch.optim.RMSprop (Hinton 2012; centered: Graves 2013); slots square_avg, momentum_buffer with momentum, grad_avg when centered.
 * eps is outside the root, as in torch (not as in TensorFlow). Source: torch 2.4 `_single_tensor_rmsprop`.
 */
export function rmsprop(config: TorchArguments): UpdateRule {
  const alpha = numberArgument(config, 'alpha', 0.99);
  const eps = numberArgument(config, 'eps', 1e-8);
  const ownMomentum = numberArgument(config, 'momentum', 0);
  const centered = flagArgument(config, 'centered', false);
  const options = gradientOptions(config);
  const names = ['square_avg', ...(ownMomentum > 0 ? ['momentum_buffer'] : []), ...(centered ? ['grad_avg'] : [])];
  return {
    slots: names.map(zeroSlot),
    update(input) {
      const momentum = input.momentum ?? ownMomentum;
      const g = effectiveGradient(input, options);
      const squares = runningSquare(slot(input.slots, 'square_avg'), g, alpha);
      const mean = centered ? runningMean(slot(input.slots, 'grad_avg'), g, 1 - alpha) : undefined;
      const spread = mean === undefined ? squares : sub(squares, square(mean));
      const direction = div(g, add(sqrt(spread), eps));
      const before = input.slots['momentum_buffer'];
      const buffer = before !== undefined && momentum > 0 ? add(mul(before, momentum), direction) : undefined;
      const slots: Slots = {
        square_avg: squares,
        ...(before === undefined ? {} : { momentum_buffer: buffer ?? clone(before) }),
        ...(mean === undefined ? {} : { grad_avg: mean }),
      };
      return { parameter: sub(input.parameter, mul(buffer ?? direction, input.lr)), slots };
    },
  };
}
