import {
  add,
  addN,
  clipByValue,
  div,
  minimum,
  mul,
  type Scalar,
  scalar,
  sqrt,
  square,
  sum,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import type { TrainerPlan } from '../contracts/plan.ts';
import { mapOnHeap, viewOnHeap } from './heap.ts';

/** Gradients by dotted path; only those of trainable parameters exist. */
export type Gradients = Readonly<Record<string, Tensor>>;

/** Clipped gradients. `norm` is the L2 norm over all gradients before clipping, or null when clipping did not need it. */
export interface ClippedGradients {
  readonly gradients: Gradients;
  readonly norm: Scalar | null;
}

/**
 * Clips as Lightning's `gradient_clip_val` and `gradient_clip_algorithm` say. Nothing is read back from the device. Call inside `tf.tidy`;
 * gradients that need no clipping are handed back as they are. null, 0 and negative values mean no clipping (Lightning 2.4).
 *
 * - norm: every gradient times min(1, value / (norm + 1e-6)), `torch.nn.utils.clip_grad_norm_`; a norm that is not finite makes the gradients so.
 * - value: every element into [-value, value], `torch.nn.utils.clip_grad_value_`.
 */
export function clipGradients(
  gradients: Gradients,
  plan: Pick<TrainerPlan, 'gradientClipVal' | 'gradientClipAlgorithm'>,
): ClippedGradients {
  const value = plan.gradientClipVal;
  if (value === null || !clips(plan)) return { gradients, norm: null };
  if (plan.gradientClipAlgorithm === 'norm') return clipByNorm(gradients, value);
  return { gradients: mapValues(gradients, (gradient) => clipByValue(gradient, -value, value)), norm: null };
}

/** Whether anything can be clipped. */
export function clips({ gradientClipVal }: Pick<TrainerPlan, 'gradientClipVal'>): boolean {
  return gradientClipVal !== null && gradientClipVal > 0;
}

/** L2 norm over all elements of all gradients, on the device: sqrt(sum of squares). 0 without gradients. */
export function globalNorm(gradients: Gradients): Scalar {
  const tensors = Object.values(gradients);
  const onHeap = sumOfSquaresOnHeap(tensors);
  if (onHeap !== undefined) return scalar(Math.sqrt(onHeap));
  if (tensors.length === 0) return scalar(0);
  return tidy(() => sqrt(addN(tensors.map((tensor) => sum(square(tensor))))));
}

function clipByNorm(gradients: Gradients, maxNorm: number): ClippedGradients {
  const squares = sumOfSquaresOnHeap(Object.values(gradients));
  if (squares === undefined) {
    const norm = globalNorm(gradients);
    const coefficient = minimum(div(maxNorm, add(norm, 1e-6)), 1);
    return { gradients: mapValues(gradients, (gradient) => mul(gradient, coefficient)), norm };
  }
  const norm = Math.sqrt(squares);
  const coefficient = maxNorm / (norm + 1e-6);
  // Times 1 changes no bit; a norm that is not finite compares false and is multiplied in.
  const clipped = coefficient >= 1 ? gradients : mapValues(gradients, (gradient) => scaledOnHeap(gradient, coefficient));
  return { gradients: clipped, norm: scalar(norm) };
}

/** In float64, in the order of the gradients: on wasm the host computes where the data lies. Undefined on other backends. */
function sumOfSquaresOnHeap(tensors: readonly Tensor[]): number | undefined {
  let total = 0;
  for (const tensor of tensors) {
    const view = viewOnHeap(tensor);
    if (view === undefined) return undefined;
    total += sumOfSquares(view);
  }
  return tensors.length === 0 ? undefined : total;
}

/** Four running sums, because one would wait for each addition to finish. */
function sumOfSquares(values: Float32Array): number {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  const whole = values.length - (values.length % 4);
  for (let i = 0; i < whole; i += 4) {
    const [a, b, c, d] = [values[i] as number, values[i + 1] as number, values[i + 2] as number, values[i + 3] as number];
    first += a * a;
    second += b * b;
    third += c * c;
    fourth += d * d;
  }
  for (let i = whole; i < values.length; i++) first += (values[i] as number) * (values[i] as number);
  return first + second + (third + fourth);
}

function scaledOnHeap(gradient: Tensor, factor: number): Tensor {
  const outputs = mapOnHeap([gradient], [undefined], ({ memory, inputs, outputs: places, size }) => {
    const [from, to] = [inputs[0] as number, places[0] as number];
    for (let i = 0; i < size; i++) memory[to + i] = (memory[from + i] as number) * factor;
  });
  return outputs?.[0] ?? mul(gradient, factor);
}

function mapValues(gradients: Gradients, change: (gradient: Tensor) => Tensor): Gradients {
  return Object.fromEntries(Object.entries(gradients).map(([path, gradient]) => [path, change(gradient)]));
}
