import * as tf from '@tensorflow/tfjs-core';
import { type GradientTable, gradient, kernel, refuseGradient, sumTo } from './gradient.ts';

interface MatMulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

interface ConvAttributes {
  readonly strides: unknown;
  readonly pad: unknown;
  readonly dataFormat?: string;
  readonly dimRoundingMode?: string;
  readonly dilations?: number | readonly number[];
}

/** Gradients of matrix products and convolutions. */
export const productGradients: GradientTable = {
  BatchMatMul: gradient(['a', 'b'], (dy, { a, b }, { transposeA, transposeB }: MatMulAttributes) => ({
    // Of y = op(a) op(b): the gradient of op(a) is dy op(b)^T, of op(b) is op(a)^T dy; leading axes may have been broadcast.
    a: () => sumTo(transposeA ? tf.matMul(b, dy, transposeB, true) : tf.matMul(dy, b, false, !transposeB), a.shape),
    b: () => sumTo(transposeB ? tf.matMul(dy, a, true, transposeA) : tf.matMul(a, dy, !transposeA, false), b.shape),
  })),
  Conv2D: gradient(['x', 'filter'], (dy, { x, filter }, attrs: ConvAttributes) => {
    if (hasDilation(attrs)) return refuseGradient('Conv2D', 'dilations above 1');
    return {
      x: () => kernel('Conv2DBackpropInput', { dy, filter }, { ...attrs, inputShape: x.shape }),
      filter: () => kernel('Conv2DBackpropFilter', { x, dy }, { ...attrs, filterShape: filter.shape }),
    };
  }),
  // A transposed convolution: its dy is an image, its gradient the plain convolution.
  Conv2DBackpropInput: gradient(['dy', 'filter'], (ddx, { dy, filter }, attrs: ConvAttributes) => ({
    dy: () => kernel('Conv2D', { x: ddx, filter }, { ...attrs, dilations: [1, 1] }),
    filter: () => kernel('Conv2DBackpropFilter', { x: ddx, dy }, { ...attrs, filterShape: filter.shape }),
  })),
  DepthwiseConv2dNative: gradient(['x', 'filter'], (dy, { x, filter }, attrs: ConvAttributes) => {
    // tfjs's cpu kernels ignore dilations here.
    if (hasDilation(attrs)) return refuseGradient('DepthwiseConv2dNative', 'dilations above 1');
    const common = { ...attrs, dilations: [1, 1] };
    return {
      x: () => kernel('DepthwiseConv2dNativeBackpropInput', { dy, filter }, { ...common, inputShape: x.shape }),
      filter: () => kernel('DepthwiseConv2dNativeBackpropFilter', { x, dy }, { ...common, filterShape: filter.shape }),
    };
  }),
  Conv3D: gradient(['x', 'filter'], (dy, { x, filter }, attrs: ConvAttributes) => {
    if (hasDilation(attrs)) return refuseGradient('Conv3D', 'dilations above 1');
    return {
      x: () => kernel('Conv3DBackpropInputV2', { dy, filter }, { ...attrs, inputShape: x.shape }),
      filter: () => kernel('Conv3DBackpropFilterV2', { x, dy }, { ...attrs, filterShape: filter.shape }),
    };
  }),
  Dilation2D: gradient(['x', 'filter'], (dy, { x, filter }, attrs: ConvAttributes) => ({
    x: () => kernel('Dilation2DBackpropInput', { x, filter, dy }, attrs),
    filter: () => kernel('Dilation2DBackpropFilter', { x, filter, dy }, attrs),
  })),
};

function hasDilation({ dilations }: ConvAttributes): boolean {
  return typeof dilations === 'number' ? dilations > 1 : (dilations ?? []).some((step) => step > 1);
}
