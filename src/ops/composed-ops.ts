import * as tf from '@tensorflow/tfjs-core';
import { activate } from './composed-activations.ts';
import { embedding } from './composed-embedding.ts';
import { besselBasis, edgeSteps, edgeVectors, lengths } from './composed-geometry.ts';
import { headLoss, headLossTerms } from './composed-head-losses.ts';
import { crossEntropy, mseLoss } from './composed-losses.ts';
import { batchNorm, layerNorm, moments, runningStatistics } from './composed-normalization.ts';
import { edgeLinear, gatedSegmentSum, gather, segmentMean, segmentSum } from './composed-segments.ts';
import { gatedEdgeSumByLayers } from './gated-edge-sum.ts';
import type { Activation, ConvOptions, Ops } from './ops.ts';
import { segmentNetworkByLayers } from './segment-network.ts';
import type { Segments } from './segments.ts';

/**
 * The implementation of Ops that composes tfjs operations: it runs on every backend and is what a fused implementation is checked
 * against. All operations are differentiable by tf.variableGrads. Call them inside tf.tidy: intermediates are left to it.
 */
export function composedOps(): Ops {
  return {
    linear,
    conv2d,
    maxPool2d: (x, kernelSize, stride) => tf.maxPool(x as tf.Tensor4D, kernelSize, stride, 'valid'),
    avgPool2d: (x, kernelSize, stride) => tf.avgPool(x as tf.Tensor4D, kernelSize, stride, 'valid'),
    activation: activate,
    layerNorm,
    embedding,
    batchNorm,
    moments,
    runningStatistics,
    toImages,
    flattenImages,
    reshape: (x, shape) => tf.reshape(x, [...shape]),
    dropout: (x, mask, p) => tf.mul(x, tf.mul(mask, tf.scalar(1 / (1 - p)))),
    gather,
    segmentSum,
    segmentSumLinear,
    segmentNetwork: (x, network, segments) => segmentNetworkByLayers({ linear, segmentSum, segmentSumLinear }, x, network, segments),
    edgeLinear,
    gatedSegmentSum,
    gatedEdgeSum: (input, network) => gatedEdgeSumByLayers({ edgeLinear, linear, gatedSegmentSum }, input, network),
    segmentMean,
    concat: (parts) => tf.concat([...parts], -1),
    add: (a, b) => tf.add(a, b),
    multiply: (a, b) => tf.mul(a, b),
    abs: (x) => tf.abs(x),
    scaleAndShift,
    edgeVectors,
    lengths,
    besselBasis,
    edgeSteps,
    loss: headLoss,
    lossTerms: headLossTerms,
    mseLoss,
    crossEntropy,
  };
}

// Letters as in ops.ts.
function segmentSumLinear(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor | null, segments: Segments): tf.Tensor {
  return segmentSum(linear(x, weight, bias), segments);
}

function linear(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor | null, activation: Activation = 'Identity'): tf.Tensor {
  const product = tf.matMul(x, weight, false, true); // [B, O]
  return activate(bias === null ? product : tf.add(product, bias), activation);
}

function conv2d(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor | null, { stride, padding }: ConvOptions): tf.Tensor {
  const filter = tf.transpose(weight as tf.Tensor4D, [2, 3, 1, 0]); // [kh, kw, C, O]
  // Spelled out, because with a plain number tfjs 4.22 computes the width from the kernel's height.
  const sides: [[number, number], [number, number], [number, number], [number, number]] = [
    [0, 0],
    [padding, padding],
    [padding, padding],
    [0, 0],
  ];
  const y = tf.conv2d(x as tf.Tensor4D, filter, stride, sides); // [B, H', W', O]
  return bias === null ? y : tf.add(y, bias);
}

function toImages(x: tf.Tensor, shape: { readonly channels: number; readonly height: number; readonly width: number }): tf.Tensor {
  const { channels, height, width } = shape;
  // With one channel both orders are the same bytes.
  if (channels === 1) return tf.reshape(x, [-1, height, width, 1]);
  return tf.transpose(tf.reshape(x, [-1, channels, height, width]), [0, 2, 3, 1]); // [B, H, W, C]
}

function flattenImages(x: tf.Tensor): tf.Tensor {
  const [batch = 0, ...rest] = x.shape;
  const size = rest.reduce((product, length) => product * length, 1);
  return tf.reshape(tf.transpose(x as tf.Tensor4D, [0, 3, 1, 2]), [batch, size]); // [B, C * H * W]
}

function scaleAndShift(x: tf.Tensor, scale: number, shift: number): tf.Tensor {
  // By 1 and 0 nothing changes, bit for bit, and two passes over x are saved.
  const scaled = scale === 1 ? x : tf.mul(x, tf.scalar(scale));
  return shift === 0 ? scaled : tf.add(scaled, tf.scalar(shift));
}
