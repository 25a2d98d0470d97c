import { add, clone, mul, sub, type Tensor } from '@tensorflow/tfjs-core';
import { type HeapArrays, mapOnHeap } from '../heap.ts';
import { flagArgument, invalidArgument, numberArgument, type TorchArguments } from '../torch-arguments.ts';
import { effectiveGradient, type GradientOptions, gradientOptions } from './gradient.ts';
import { slot, type UpdateInput, type UpdateResult, type UpdateRule, zeroSlot } from './optimizer.ts';

/**
 * torch.optim.SGD with momentum, dampening, Nesterov momentum, L2 weight decay and maximize. Slot momentum_buffer when momentum
 * is not 0; the first update takes the gradient itself as the buffer, without dampening. Source: torch 2.4 `_single_tensor_sgd`.
 * Throws STAGE_INVALID for Nesterov without momentum or with dampening, as torch does.
 */
export function sgd(config: TorchArguments): UpdateRule {
  const ownMomentum = numberArgument(config, 'momentum', 0);
  const dampening = numberArgument(config, 'dampening', 0);
  const nesterov = flagArgument(config, 'nesterov', false);
  const options = gradientOptions(config);
  if (nesterov && (ownMomentum <= 0 || dampening !== 0)) {
    throw invalidArgument(config, 'nesterov', 'false, or momentum above 0 together with dampening 0');
  }
  return {
    slots: ownMomentum === 0 ? [] : [zeroSlot('momentum_buffer')],
    update(input) {
      const momentum = input.momentum ?? ownMomentum;
      const first = input.step === 1;
      const numbers: SgdNumbers = {
        ...options,
        momentum,
        nesterov,
        lr: input.lr,
        keep: first ? 0 : momentum,
        take: first ? 1 : 1 - dampening,
      };
      const result = sgdOnHeap(input, numbers) ?? sgdComposed(input, numbers);
      if (momentum !== 0 || ownMomentum === 0) return result;
      // torch leaves the buffer as it is while a cycled momentum is 0.
      return { ...result, slots: { momentum_buffer: clone(slot(input.slots, 'momentum_buffer')) } };
    },
  };
}

/** What one update multiplies and adds: the buffer becomes keep * buffer + take * gradient. */
export interface SgdNumbers extends GradientOptions {
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly lr: number;
  readonly keep: number;
  readonly take: number;
}

/** The update from tfjs operations: 2 dispatches, 5 with momentum. */
export function sgdComposed(input: UpdateInput, numbers: SgdNumbers): UpdateResult {
  const { momentum, nesterov, lr, keep, take } = numbers;
  const { parameter, slots } = input;
  const g = effectiveGradient(input, numbers);
  if (momentum === 0) return { parameter: sub(parameter, mul(g, lr)), slots: {} };
  const taken = take === 1 ? g : mul(g, take);
  const buffer = keep === 0 ? clone(taken) : add(mul(slot(slots, 'momentum_buffer'), keep), taken);
  const direction = nesterov ? add(g, mul(buffer, momentum)) : buffer;
  return { parameter: sub(parameter, mul(direction, lr)), slots: { momentum_buffer: buffer } };
}

/** The same update as one pass over the wasm heap, in float64 between float32 loads and stores; undefined on other backends. */
export function sgdOnHeap(input: UpdateInput, numbers: SgdNumbers): UpdateResult | undefined {
  const { parameter, gradient, slots, spare, mayTakeGradient = false } = input;
  const to = mayTakeGradient ? gradient : undefined;
  if (numbers.momentum === 0) {
    const outputs = mapOnHeap([parameter, gradient], [to], (arrays) => plainLoop(arrays, numbers));
    return outputs === undefined ? undefined : { parameter: (outputs as [Tensor])[0], slots: {} };
  }
  const outputs = mapOnHeap([parameter, gradient, slot(slots, 'momentum_buffer')], [to, spare?.['momentum_buffer']], (arrays) =>
    momentumLoop(arrays, numbers),
  );
  if (outputs === undefined) return undefined;
  const [next, buffer] = outputs as [Tensor, Tensor];
  return { parameter: next, slots: { momentum_buffer: buffer } };
}

function plainLoop({ memory, inputs, outputs, size }: HeapArrays, { sign, weightDecay, lr }: SgdNumbers): void {
  const [p, g] = inputs as [number, number];
  const [next] = outputs as [number];
  for (let i = 0; i < size; i++) {
    const parameter = memory[p + i] as number;
    memory[next + i] = parameter - lr * (sign * (memory[g + i] as number) + weightDecay * parameter);
  }
}

function momentumLoop({ memory, inputs, outputs, size }: HeapArrays, numbers: SgdNumbers): void {
  const { sign, weightDecay, momentum, nesterov, lr, keep, take } = numbers;
  const [p, g, b] = inputs as [number, number, number];
  const [next, nextB] = outputs as [number, number];
  // direction = own * gradient + momentum share * buffer: one loop serves plain and Nesterov momentum.
  const own = nesterov ? 1 : 0;
  const share = nesterov ? momentum : 1;
  for (let i = 0; i < size; i++) {
    const parameter = memory[p + i] as number;
    const gradient = sign * (memory[g + i] as number) + weightDecay * parameter;
    const buffer = keep * (memory[b + i] as number) + take * gradient;
    memory[nextB + i] = buffer;
    memory[next + i] = parameter - lr * (own * gradient + share * buffer);
  }
}
