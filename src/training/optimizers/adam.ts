import { add, div, maximum, mul, sqrt, sub, type Tensor } from '@tensorflow/tfjs-core';
import { integerPower } from '../exact-math.ts';
import { mapOnHeap } from '../heap.ts';
import { flagArgument, numberArgument, pairArgument, type TorchArguments } from '../torch-arguments.ts';
import { type AdamNumbers, adamLoop } from './adam-loop.ts';
import { effectiveGradient, runningMean, runningSquare } from './gradient.ts';
import { type Slots, slot, type UpdateInput, type UpdateResult, type UpdateRule, zeroSlot } from './optimizer.ts';

/** Where weight decay goes: into the gradient (Adam's L2), or straight onto the parameter (AdamW). */
export type AdamDecay = 'l2' | 'decoupled';

/** torch.optim.Adam: weight decay is an L2 term of the gradient. Slots exp_avg, exp_avg_sq and, with amsgrad, max_exp_avg_sq. */
export function adam(config: TorchArguments): UpdateRule {
  return adamRule(config, { decay: 'l2', weightDecay: 0 });
}

/**
 * The rule that Adam and AdamW share. Source: torch 2.4 `_single_tensor_adam`, with the bias corrections folded into two
 * numbers: m / bc1 / (sqrt(v) / sqrt(bc2) + eps) = (sqrt(bc2) / bc1) * m / (sqrt(v) + eps * sqrt(bc2)).
 * 1 - beta is taken in float64: in float32 `1 - 0.999` is off by 4.7e-5, which shows by step 2.
 */
export function adamRule(config: TorchArguments, defaults: { readonly decay: AdamDecay; readonly weightDecay: number }): UpdateRule {
  const [ownBeta1, beta2] = pairArgument(config, 'betas', [0.9, 0.999]);
  const eps = numberArgument(config, 'eps', 1e-8);
  const weightDecay = numberArgument(config, 'weight_decay', defaults.weightDecay);
  const amsgrad = flagArgument(config, 'amsgrad', false);
  const sign = flagArgument(config, 'maximize', false) ? -1 : 1;
  const numbersAt = ({ step, lr, momentum }: Moment): AdamNumbers => {
    const beta1 = momentum ?? ownBeta1;
    const correction2 = Math.sqrt(1 - integerPower(beta2, step));
    return {
      sign,
      l2: defaults.decay === 'l2' ? weightDecay : 0,
      keep: defaults.decay === 'decoupled' ? 1 - lr * weightDecay : 1,
      rate1: 1 - beta1,
      beta2,
      rate2: 1 - beta2,
      scale: (lr * correction2) / (1 - integerPower(beta1, step)),
      eps: eps * correction2,
    };
  };
  // Most parameters of a step share them.
  let known: (Moment & { readonly numbers: AdamNumbers }) | null = null;
  return {
    slots: ['exp_avg', 'exp_avg_sq', ...(amsgrad ? ['max_exp_avg_sq'] : [])].map(zeroSlot),
    update(input) {
      const { step, lr, momentum } = input;
      if (known?.step !== step || known.lr !== lr || known.momentum !== momentum) known = { step, lr, momentum, numbers: numbersAt(input) };
      const { numbers } = known;
      return adamOnHeap(input, numbers) ?? adamComposed(input, numbers);
    },
  };
}

/** What an update depends on beside its tensors. */
type Moment = Pick<UpdateInput, 'step' | 'lr' | 'momentum'>;

/** The update from tfjs operations: 12 dispatches, one more with weight decay or amsgrad. */
export function adamComposed(input: UpdateInput, numbers: AdamNumbers): UpdateResult {
  const { sign, l2, keep, rate1, beta2, scale, eps } = numbers;
  const { parameter, slots } = input;
  const g = effectiveGradient(input, { sign, weightDecay: l2 });
  const m = runningMean(slot(slots, 'exp_avg'), g, rate1);
  const v = runningSquare(slot(slots, 'exp_avg_sq'), g, beta2);
  const largest = slots['max_exp_avg_sq'] === undefined ? undefined : maximum(slots['max_exp_avg_sq'], v);
  const change = mul(div(m, add(sqrt(largest ?? v), eps)), scale);
  return {
    parameter: sub(keep === 1 ? parameter : mul(parameter, keep), change),
    slots: slotsOf(m, v, largest),
  };
}

/** The same update as one pass over the wasm heap; undefined on other backends. */
export function adamOnHeap(input: UpdateInput, numbers: AdamNumbers): UpdateResult | undefined {
  const { parameter, gradient, slots, spare = {}, mayTakeGradient = false } = input;
  const max = slots['max_exp_avg_sq'];
  const inputs = [parameter, gradient, slot(slots, 'exp_avg'), slot(slots, 'exp_avg_sq')];
  const to = [mayTakeGradient ? gradient : undefined, spare['exp_avg'], spare['exp_avg_sq']];
  if (max !== undefined) {
    inputs.push(max);
    to.push(spare['max_exp_avg_sq']);
  }
  const outputs = mapOnHeap(inputs, to, (arrays) => adamLoop(arrays, numbers));
  if (outputs === undefined) return undefined;
  return { parameter: outputs[0] as Tensor, slots: slotsOf(outputs[1] as Tensor, outputs[2] as Tensor, outputs[3]) };
}

function slotsOf(m: Tensor, v: Tensor, largest: Tensor | undefined): Slots {
  return largest === undefined ? { exp_avg: m, exp_avg_sq: v } : { exp_avg: m, exp_avg_sq: v, max_exp_avg_sq: largest };
}
