import * as tf from '@tensorflow/tfjs-core';
import { type GradientTable, gradient, kernel, refuseGradient } from './gradient.ts';

interface PoolAttributes<Sides> {
  readonly filterSize: Sides | number;
  readonly strides: Sides | number;
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}
type Pool2dAttributes = PoolAttributes<[number, number]>;
type Pool3dAttributes = PoolAttributes<[number, number, number]>;

/**
 * Gradients of pooling. tfjs 4.22's kernels for the average divide by the whole window although the forward pass divides by the pixels
 * inside the image, on every backend: padded averages are refused.
 */
export const poolingGradients: GradientTable = {
  MaxPool: gradient(['x', 'y'], (dy, { x, y }, attrs: Pool2dAttributes) => ({
    x: () => kernel('MaxPoolGrad', { dy, input: x, output: y }, attrs),
  })),
  MaxPool3D: gradient(['x', 'y'], (dy, { x, y }, attrs: Pool3dAttributes) => {
    const [, height, width] = typeof attrs.filterSize === 'number' ? [0, 1, 1] : attrs.filterSize;
    // tfjs-backend-cpu 4.22 counts positions in a window by its height where the width is meant.
    if (height !== width && tf.getBackend() === 'cpu') return refuseGradient('MaxPool3D', 'windows of unequal height and width on cpu');
    return { x: () => kernel('MaxPool3DGrad', { dy, input: x, output: y }, attrs) };
  }),
  AvgPool: gradient(['x'], (dy, { x }, attrs: Pool2dAttributes) => {
    const { filterSize, strides, pad, dimRoundingMode } = attrs;
    const { padInfo } = tf.backend_util.computePool2DInfo((x as tf.Tensor4D).shape, filterSize, strides, 1, pad, dimRoundingMode);
    if (isPadded(padInfo)) return refuseGradient('AvgPool', 'padding');
    return { x: () => kernel('AvgPoolGrad', { dy, input: x }, attrs) };
  }),
  AvgPool3D: gradient(['x'], (dy, { x }, attrs: Pool3dAttributes) => {
    const { filterSize, strides, pad, dimRoundingMode } = attrs;
    const { padInfo } = tf.backend_util.computePool3DInfo((x as tf.Tensor5D).shape, filterSize, strides, 1, pad, dimRoundingMode);
    if (isPadded(padInfo)) return refuseGradient('AvgPool3D', 'padding');
    return { x: () => kernel('AvgPool3DGrad', { dy, input: x }, attrs) };
  }),
};

function isPadded({ type: _type, ...sides }: { readonly type: string } & Readonly<Record<string, number | string>>): boolean {
  return Object.values(sides).some((side) => side !== 0);
}
