import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { LossSpec } from './loss-spec.ts';
import type { Segments } from './segments.ts';

/** Activation names as torch.nn spells them: those that work on each element by itself and have nothing to train. */
export type Activation =
  | 'CELU'
  | 'ELU'
  | 'GELU'
  | 'Hardshrink'
  | 'Hardsigmoid'
  | 'Hardswish'
  | 'Hardtanh'
  | 'Identity'
  | 'LeakyReLU'
  | 'LogSigmoid'
  | 'Mish'
  | 'ReLU'
  | 'ReLU6'
  | 'SELU'
  | 'Sigmoid'
  | 'SiLU'
  | 'Softplus'
  | 'Softshrink'
  | 'Softsign'
  | 'Tanh'
  | 'Tanhshrink';

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
  /** Mean over windows: x [B, H, W, C] -> [B, H', W', C]; floor mode, no padding. */
  avgPool2d(x: Tensor, kernelSize: number, stride: number): Tensor;
  /** Elementwise, torch.nn's function of that name with its default arguments; GELU is the exact one. */
  activation(x: Tensor, name: Activation): Tensor;
  /** torch.nn.LayerNorm over the last axis: x [..., C], weight and bias [C] -> x's shape. Variance is biased. */
  layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor;
  /** Rows of weight [n, D] by index: indices [...] of whole numbers -> [..., D]; NaN where an index is not one of 0 .. n - 1. */
  embedding(weight: Tensor, indices: Tensor): Tensor;
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
  /** The same values, row-major, in another shape; one length may be -1, which is what the others leave. */
  reshape(x: Tensor, shape: readonly number[]): Tensor;
  /** x * mask / (1 - p); the mask (0 or 1, x's shape) comes from the counter-based generator. */
  dropout(x: Tensor, mask: Tensor, p: number): Tensor;
  /** Rows of x [n, C] by segment: [E, C]. Its gradient is segmentSum. */
  gather(x: Tensor, segments: Segments): Tensor;
  /** Sums the rows of x [E, C] that belong together: [n, C]; 0 where there are none. Its gradient is gather. */
  segmentSum(x: Tensor, segments: Segments): Tensor;
  /** The sums of a linear layer by segment: x [E, I], weight [O, I], bias [O] -> sum of (weight . x + bias): [n, O]; 0 where there are none. */
  segmentSumLinear(x: Tensor, weight: Tensor, bias: Tensor | null, segments: Segments): Tensor;
  /**
   * Layers over rows, the sums of their outputs by segment, layers over the sums: x [E, I] -> [n, O]. The sum of a last layer without activation is taken
   * as segmentSumLinear does.
   */
  segmentNetwork(x: Tensor, network: SegmentNetwork, segments: Segments): Tensor;
  /**
   * A linear layer over what each edge sees: activation(weight . [nodes_i, nodes_j, edges] + bias) -> [E, O], for nodes [n, C], edges [E, K]
   * (null: K = 0), weight [O, 2C + K], bias [O]; edge e goes from i = edgeIndex[0].index[e] to j = edgeIndex[1].index[e].
   */
  edgeLinear(input: EdgeInput, weight: Tensor, bias: Tensor | null, activation?: Activation): Tensor;
  /** Sums gate * x over the rows that belong together: x [E, C], gate [E, 1] -> [n, C]; 0 where there are none. */
  gatedSegmentSum(x: Tensor, gate: Tensor, segments: Segments): Tensor;
  /**
   * Sums gate(m) * m over the edges of each first node, with the messages m = messages(nodes_i, nodes_j, edges): [n, C]. The first layer of `messages`
   * reads what edgeLinear does; the last gives C columns; `gate` reads those and gives one. For an input as in edgeLinear.
   */
  gatedEdgeSum(input: EdgeInput, network: GatedNetwork): Tensor;
  /** Mean of the rows of x [E, C] that belong together: [n, C]; 0 where there are none. */
  segmentMean(x: Tensor, segments: Segments): Tensor;
  /** Joins along the last axis: [n, A], [n, B] -> [n, A + B]. */
  concat(parts: readonly Tensor[]): Tensor;
  /** Elementwise; shapes broadcast as numpy's do. */
  add(a: Tensor, b: Tensor): Tensor;
  /** Elementwise; shapes broadcast as numpy's do. */
  multiply(a: Tensor, b: Tensor): Tensor;
  /** Elementwise. */
  abs(x: Tensor): Tensor;
  /** x * scale + shift with plain numbers. */
  scaleAndShift(x: Tensor, scale: number, shift: number): Tensor;
  /** Where each edge leads: r_j - r_i plus the shift across a periodic boundary. coordinates [N, 3], edges (i, j), shifts [E, 3] -> [E, 3]. */
  edgeVectors(coordinates: Tensor, edges: readonly [Segments, Segments], cellShifts: Tensor | null): Tensor;
  /** Euclidean lengths of vectors [E, 3], at least 1e-8: [E, 1]. */
  lengths(vectors: Tensor): Tensor;
  /** Radial Bessel functions sqrt(2 / c) * sin(z_k * d / c) / d: d [E, 1], z [K], c [1] -> [E, K]. Gasteiger et al. 2020 (DimeNet), equation 7. */
  besselBasis(lengths: Tensor, basis: { readonly roots: Tensor; readonly cutOff: Tensor }): Tensor;
  /** Steps along edges that stay bounded for long ones: vectors [E, 3] / (lengths [E, 1] + 1) * sizes [E, 1] -> [E, 3]. */
  edgeSteps(vectors: Tensor, lengths: Tensor, sizes: Tensor): Tensor;
  /** The scalar loss of one head; predictions and targets [L, T], L lines (molecules, atoms, edges or rows). */
  loss(spec: LossSpec, data: LossData): Scalar;
  /** The same loss as what batches add up, so that the loss of many can be that of one batch of all their lines. Not differentiated. */
  lossTerms(spec: LossSpec, data: LossData): LossTerms;
  /** Mean over all elements of (prediction - target)^2. */
  mseLoss(prediction: Tensor, target: Tensor): Scalar;
  /** logits [B, K], classes [B] int32 -> mean negative log likelihood (softmax, stable). */
  crossEntropy(logits: Tensor, classes: Tensor): Scalar;
}

/** What a loss reads. */
export interface LossData {
  /** [L, T] */
  readonly prediction: Tensor;
  /** [L, T]; NaN where a target is missing, for losses that leave those out. */
  readonly target: Tensor;
  /** [L, T], for a Gaussian loss. */
  readonly variance?: Tensor;
  /** [G, 1] atoms per molecule, for a loss per atom. */
  readonly nodesPerGraph?: Tensor;
}

/** What one batch adds to a loss over many. */
export interface LossTerms {
  /** How the means make the loss. */
  readonly combine: 'sum' | 'product';
  /** As many for every batch of a loss. */
  readonly means: readonly LossMean[];
}

/** A mean over batches: all sums divided by all counts. */
export interface LossMean {
  /** Scalar: the sum of the terms. */
  readonly sum: Tensor;
  /** Scalar: how many terms there are; null where the loss is their sum. */
  readonly count: Tensor | null;
}

/** What edgeLinear reads: see there. */
export interface EdgeInput {
  readonly nodes: Tensor;
  readonly edges: Tensor | null;
  readonly edgeIndex: readonly [Segments, Segments];
  /** Whether `edges` depends on nothing that is trained: its gradient may then be left out. */
  readonly edgesAreConstant?: boolean;
}

/** A linear layer with its activation: weight [O, I], bias [O]. */
export interface LinearLayer {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly activation: Activation;
  /** Whether weight and bias are constants: their gradients may then be left out. */
  readonly frozen: boolean;
}

/** The layers of segmentNetwork; none is fine. */
export interface SegmentNetwork {
  readonly before: readonly LinearLayer[];
  readonly after: readonly LinearLayer[];
}

/** The layers of gatedEdgeSum, at least one each: see there. */
export interface GatedNetwork {
  readonly messages: readonly LinearLayer[];
  readonly gate: readonly LinearLayer[];
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
