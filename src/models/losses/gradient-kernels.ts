import type { Json } from '../../contracts/json.ts';
import type { LossName } from './loss-names.ts';

const KERNELS: Readonly<Record<LossName, readonly string[]>> = {
  BCELoss: ['Maximum', 'Multiply', 'RealDiv', 'Sub'],
  BCEWithLogitsLoss: ['Multiply', 'Neg', 'Sigmoid'],
  CrossEntropyLoss: ['Exp', 'Multiply', 'Neg', 'Sub', 'Sum', 'Tile'],
  GaussianNLLLoss: ['Multiply', 'Neg', 'RealDiv', 'Square'],
  HuberLoss: ['LogicalNot', 'Multiply', 'Sign'],
  KLDivLoss: ['Multiply', 'Neg'],
  L1Loss: ['Multiply', 'Sign'],
  MaskedMSELoss: ['Multiply', 'RealDiv'],
  MSELoss: ['Multiply', 'RealDiv'],
  MultiTaskLoss: ['Multiply', 'PadV2', 'RealDiv'],
  PoissonNLLLoss: ['Multiply', 'Neg', 'RealDiv'],
  SerialBCEWithLogitsLoss: ['Multiply', 'Neg', 'Sigmoid'],
  SmoothL1Loss: ['LogicalNot', 'Multiply', 'RealDiv', 'Sign'],
  SoftMarginLoss: ['Multiply', 'Neg', 'Sigmoid'],
  WeightedMSELoss: ['Multiply', 'Neg', 'RealDiv', 'Sum'],
};

/** tfjs kernels that the backward pass of a loss configuration runs; none for null. */
export function lossGradientKernels(value: Json | undefined): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const { name, config } = value as { readonly name?: Json; readonly config?: { readonly losses_configs?: Json } };
  const tasks = config?.losses_configs;
  const inner = Array.isArray(tasks) ? (tasks as readonly Json[]).flatMap(lossGradientKernels) : [];
  const own = typeof name === 'string' && Object.hasOwn(KERNELS, name) ? KERNELS[name as LossName] : [];
  // Every loss ends in a mean or sum, times a weight.
  return [...new Set([...own, ...inner, 'Multiply', 'RealDiv', 'Sub', 'Sum'])].sort();
}
