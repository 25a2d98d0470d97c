import type { JsonObject } from '../contracts/json.ts';

/** Arguments of torch that only steer how torch computes; accepted at their neutral value. They would split stage keys for nothing. */
const TORCH_ONLY: ReadonlySet<string> = new Set([
  'foreach',
  'fused',
  'differentiable',
  'capturable',
  'last_epoch',
  'verbose',
  'scale_fn',
  'scale_mode',
]);

/** The arguments of a torch class that decide numbers. */
export function torchNumbers(config: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(config).filter(([key]) => !TORCH_ONLY.has(key)));
}
