import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { Segments } from './segments.ts';

/** Activation names as torch.nn spells them. */
export type Activation = 'ReLU' | 'SiLU' | 'GELU' | 'Tanh' | 'Sigmoid' | 'LeakyReLU' | 'ELU' | 'Softplus' | 'Identity';

/**
 * The differentiable building operations that models and optimizers are written against. One implementation composes
 * tfjs ops; a backend may fuse them. Both are checked against each other. Letters: B batch, I/O features in/out, C channels, H W height and width.
 * Images are channels-last ([B, H, W, C]) inside; weights keep torch's layouts.
 */
export interface Ops {
  /** x [B, I] . weight[O, I]^T + bias [O] -> [B, O], then the activation. */
  linear(x: Tensor, weight: Tensor, bias: Tensor | null, activation?: Activation): Tensor;
  /** x [B, H, W, C], weight [O, C, kh, kw] (torch), bias [O] -> [B, H', W', O]. Symmetric zero padding; H' = floor((H + 2p - kh) / s) + 1. */
  conv2d(x: Tensor, weight: Tensor, bias: Tensor | null, options: ConvOptions): Tensor;
  /** x [B, H, W, C] -> [B, H', W', C]; floor mode, no padding. */
  maxPool2d(x: Tensor, kernelSize: number, stride: number): Tensor;
  activation(x: Tensor, name: Activation): Tensor;
  /** Normalises the last axis with given statistics [C]: (x - mean) / sqrt(variance + eps) * weight + bias. Differentiable in everything. */
  batchNorm(
    x: Tensor,
    statistics: { readonly mean: Tensor; readonly variance: Tensor },
    affine: { readonly weight: Tensor; readonly bias: Tensor } | null,
    eps: number,
  ): Tensor;
  /** Mean and biased variance over all axes but the last -> [C], [C]. */
  moments(x: Tensor): { readonly mean: Tensor; readonly variance: Tensor };
  /**
   * The new running statistics of torch.nn.BatchNorm: running * (1 - momentum) + batch * momentum, the batch's variance made unbiased
   * (n / (n - 1)), the count raised by one. `samples` is n, the values per channel of this batch (at least 2). Not differentiated.
   */
  runningStatistics(
    running: RunningStatistics,
    batch: { readonly mean: Tensor; readonly variance: Tensor },
    options: { readonly momentum: number; readonly samples: number },
  ): RunningStatistics;
  /** x [B, C * H * W] in torch's order (C outermost) -> [B, H, W, C]. */
  toImages(x: Tensor, shape: { readonly channels: number; readonly height: number; readonly width: number }): Tensor;
  /** torch.nn.Flatten of images: x [B, H, W, C] -> [B, C * H * W], C outermost. */
  flattenImages(x: Tensor): Tensor;
  /** x * mask / (1 - p); the mask (0 or 1, x's shape) comes from the counter-based generator. */
  dropout(x: Tensor, mask: Tensor, p: number): Tensor;
  /** Rows of x [n, C] by segment: [E, C]. Its gradient is segmentSum. */
  gather(x: Tensor, segments: Segments): Tensor;
  /** Sums the rows of x [E, C] that belong together: [n, C]; 0 where there are none. Its gradient is gather. */
  segmentSum(x: Tensor, segments: Segments): Tensor;
  /**
   * A linear layer over what each edge sees: activation(weight . [nodes_i, nodes_j, edges] + bias) -> [E, O], for nodes [n, C], edges [E, K]
   * (null: K = 0), weight [O, 2C + K], bias [O]; edge e goes from i = edgeIndex[0].index[e] to j = edgeIndex[1].index[e].
   */
  edgeLinear(input: EdgeInput, weight: Tensor, bias: Tensor | null, activation?: Activation): Tensor;
  /** Sums gate * x over the rows that belong together: x [E, C], gate [E, 1] -> [n, C]; 0 where there are none. */
  gatedSegmentSum(x: Tensor, gate: Tensor, segments: Segments): Tensor;
  /** Mean over all elements of (prediction - target)^2. */
  mseLoss(prediction: Tensor, target: Tensor): Scalar;
  /** logits [B, K], classes [B] int32 -> mean negative log likelihood (softmax, stable). */
  crossEntropy(logits: Tensor, classes: Tensor): Scalar;
}

/** What edgeLinear reads: see there. */
export interface EdgeInput {
  readonly nodes: Tensor;
  readonly edges: Tensor | null;
  readonly edgeIndex: readonly [Segments, Segments];
}

/** The buffers of a BatchNorm module: mean [C], variance [C] (unbiased), batches seen as an int32 scalar. */
export interface RunningStatistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
  readonly count: Tensor;
}

/** torch.nn.Conv2d's stride and padding, square. */
export interface ConvOptions {
  readonly stride: number;
  readonly padding: number;
}
