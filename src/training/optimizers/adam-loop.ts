import type { HeapArrays } from '../heap.ts';

/** What one Adam update multiplies and adds, all in float64. */
export interface AdamNumbers {
  /** -1 to maximise. */
  readonly sign: 1 | -1;
  /** L2 weight decay added to the gradient. */
  readonly l2: number;
  /** Share of the parameter that decoupled weight decay leaves: 1 - lr * weight_decay. */
  readonly keep: number;
  /** 1 - beta1. */
  readonly rate1: number;
  readonly beta2: number;
  /** 1 - beta2. */
  readonly rate2: number;
  /** lr * sqrt(1 - beta2^t) / (1 - beta1^t). */
  readonly scale: number;
  /** eps * sqrt(1 - beta2^t). */
  readonly eps: number;
}

/**
 * One Adam update of p, g, m, v (and with amsgrad the largest second moment) into new p, m, v (and that), element by element: float64 arithmetic,
 * rounded once per stored float32.
 */
export function adamLoop(arrays: HeapArrays, numbers: AdamNumbers): void {
  if (arrays.outputs.length === 4) amsgradLoop(arrays, numbers);
  else plainLoop(arrays, numbers);
}

function plainLoop({ memory, inputs, outputs, size }: HeapArrays, { sign, l2, keep, rate1, beta2, rate2, scale, eps }: AdamNumbers): void {
  const p = inputs[0] as number;
  const g = inputs[1] as number;
  const m = inputs[2] as number;
  const v = inputs[3] as number;
  const nextP = outputs[0] as number;
  const nextM = outputs[1] as number;
  const nextV = outputs[2] as number;
  for (let i = 0; i < size; i++) {
    const parameter = memory[p + i] as number;
    const gradient = sign * (memory[g + i] as number) + l2 * parameter;
    const before = memory[m + i] as number;
    const first = before + (gradient - before) * rate1;
    const second = (memory[v + i] as number) * beta2 + gradient * gradient * rate2;
    memory[nextM + i] = first;
    memory[nextV + i] = second;
    memory[nextP + i] = parameter * keep - (scale * first) / (Math.sqrt(second) + eps);
  }
}

/** A loop of its own, so that the plain one stays without a branch. */
function amsgradLoop(
  { memory, inputs, outputs, size }: HeapArrays,
  { sign, l2, keep, rate1, beta2, rate2, scale, eps }: AdamNumbers,
): void {
  const [p, g, m, v, max] = inputs as [number, number, number, number, number];
  const [nextP, nextM, nextV, nextMax] = outputs as [number, number, number, number];
  for (let i = 0; i < size; i++) {
    const parameter = memory[p + i] as number;
    const gradient = sign * (memory[g + i] as number) + l2 * parameter;
    const before = memory[m + i] as number;
    const first = before + (gradient - before) * rate1;
    const second = (memory[v + i] as number) * beta2 + gradient * gradient * rate2;
    const largest = Math.max(memory[max + i] as number, second);
    memory[nextM + i] = first;
    memory[nextV + i] = second;
    memory[nextMax + i] = largest;
    memory[nextP + i] = parameter * keep - (scale * first) / (Math.sqrt(largest) + eps);
  }
}
