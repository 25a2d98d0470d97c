import type { TensorSpec } from '../../contracts/tensors.ts';
import { joinPath } from './scope.ts';

/**
 * Describes weight and bias of a linear or convolution module with torch's default initialisation: both uniform in
 * [-1/sqrt(fan_in), 1/sqrt(fan_in)] (kaiming_uniform with a = sqrt(5); torch/nn/modules/linear.py and conv.py, PyTorch 2.4).
 * `weightShape` is [out, in, ...kernel]; fan_in is the product of all but the first.
 */
export function weightAndBias(path: string, weightShape: readonly number[]): readonly TensorSpec[] {
  const [outputs = 0, ...fan] = weightShape;
  const bound = 1 / Math.sqrt(fan.reduce((product, length) => product * length, 1));
  const initializer = { kind: 'uniform', low: -bound, high: bound } as const;
  return [
    { path: joinPath(path, 'weight'), shape: weightShape, dtype: 'float32', kind: 'parameter', initializer },
    { path: joinPath(path, 'bias'), shape: [outputs], dtype: 'float32', kind: 'parameter', initializer },
  ];
}
