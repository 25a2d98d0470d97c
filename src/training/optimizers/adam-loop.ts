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

/** Arrays of one parameter. `max` is amsgrad's largest second moment. */
export interface AdamArrays {
  readonly p: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
  readonly max?: Float32Array | undefined;
}

/** One Adam update, element by element: float64 arithmetic, rounded once per stored float32. Writes every element of `to`. */
export function adamLoop(from: AdamArrays & { readonly g: Float32Array }, to: AdamArrays, numbers: AdamNumbers): void {
  if (from.max !== undefined && to.max !== undefined) amsgradLoop({ ...from, max: from.max }, { ...to, max: to.max }, numbers);
  else plainLoop(from, to, numbers);
}

function plainLoop(from: AdamArrays & { readonly g: Float32Array }, to: AdamArrays, numbers: AdamNumbers): void {
  const { sign, l2, keep, rate1, beta2, rate2, scale, eps } = numbers;
  const { p, g, m, v } = from;
  const { p: nextP, m: nextM, v: nextV } = to;
  for (let i = 0; i < p.length; i++) {
    const parameter = p[i] as number;
    const gradient = sign * (g[i] as number) + l2 * parameter;
    const before = m[i] as number;
    const first = before + (gradient - before) * rate1;
    const second = (v[i] as number) * beta2 + gradient * gradient * rate2;
    nextM[i] = first;
    nextV[i] = second;
    nextP[i] = parameter * keep - (scale * first) / (Math.sqrt(second) + eps);
  }
}

/** A loop of its own, so that the plain one stays without a branch. */
function amsgradLoop(
  from: Required<AdamArrays> & { readonly g: Float32Array; readonly max: Float32Array },
  to: Required<AdamArrays> & { readonly max: Float32Array },
  numbers: AdamNumbers,
): void {
  const { sign, l2, keep, rate1, beta2, rate2, scale, eps } = numbers;
  const { p, g, m, v, max } = from;
  for (let i = 0; i < p.length; i++) {
    const parameter = p[i] as number;
    const gradient = sign * (g[i] as number) + l2 * parameter;
    const before = m[i] as number;
    const first = before + (gradient - before) * rate1;
    const second = (v[i] as number) * beta2 + gradient * gradient * rate2;
    const largest = Math.max(max[i] as number, second);
    to.m[i] = first;
    to.v[i] = second;
    to.max[i] = largest;
    to.p[i] = parameter * keep - (scale * first) / (Math.sqrt(largest) + eps);
  }
}
