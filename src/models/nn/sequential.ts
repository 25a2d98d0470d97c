import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorSpec } from '../../contracts/tensors.ts';
import type { Activation, ConvOptions } from '../../ops/ops.ts';
import { describeBatchNorm, forwardBatchNorm } from './batch-norm.ts';
import { describeConv2d, forwardConv2d } from './conv2d.ts';
import { forwardDropout } from './dropout.ts';
import { describeEmbedding, forwardEmbedding } from './embedding.ts';
import { describeLayerNorm, forwardLayerNorm } from './layer-norm.ts';
import { describeLinear, forwardLinear } from './linear.ts';
import { enter, joinPath, type Scope } from './scope.ts';

/** One entry of a torch.nn.Sequential. Its position is its name, as in torch; entries without tensors take a position, too. */
export type Layer =
  | { readonly kind: 'linear'; readonly inFeatures: number; readonly outFeatures: number }
  | ({ readonly kind: 'conv2d'; readonly inChannels: number; readonly outChannels: number; readonly kernelSize: number } & ConvOptions)
  | { readonly kind: 'batch_norm'; readonly channels: number }
  | { readonly kind: 'activation'; readonly name: Activation }
  | { readonly kind: 'max_pool'; readonly kernelSize: number }
  | { readonly kind: 'avg_pool'; readonly kernelSize: number }
  | { readonly kind: 'layer_norm'; readonly features: number }
  | { readonly kind: 'embedding'; readonly numEmbeddings: number; readonly embeddingDim: number }
  | { readonly kind: 'dropout'; readonly p: number }
  | { readonly kind: 'flatten' };

/** Describes torch.nn.Sequential(*layers) at a path: `<path>.<position>.<name>`. */
export function describeSequential(path: string, layers: readonly Layer[]): readonly TensorSpec[] {
  return layers.flatMap((layer, position) => blockOf(layer).describe(joinPath(path, String(position)), layer));
}

/** Computes torch.nn.Sequential(*layers), or its layers from position `first` on. Images are channels-last; flatten restores torch's order. */
export function forwardSequential(scope: Scope, layers: readonly Layer[], x: Tensor, first = 0): Tensor {
  let value = x;
  let position = first;
  while (position < layers.length) {
    const layer = layers[position] as Layer;
    const next = layers[position + 1];
    const here = enter(scope, position);
    if (layer.kind === 'linear' && next?.kind === 'activation') {
      // Handed over together, so that a backend can fuse them.
      value = forwardLinear(here, value, next.name);
      position += 2;
    } else {
      value = blockOf(layer).forward(here, layer, value);
      position += 1;
    }
  }
  return value;
}

/** The tfjs kernels that the backward pass of these layers runs. */
export function sequentialGradientKernels(layers: readonly Layer[]): readonly string[] {
  return [...new Set(layers.flatMap((layer) => blockOf(layer).gradientKernels(layer)))].sort();
}

/** What one kind of layer is: its tensors, what it computes, and the kernels of its backward pass. */
interface Block<L extends Layer> {
  readonly describe: (path: string, layer: L) => readonly TensorSpec[];
  readonly forward: (scope: Scope, layer: L, x: Tensor) => Tensor;
  readonly gradientKernels: (layer: L) => readonly string[];
}

function blockOf(layer: Layer): Block<Layer> {
  // The table's key and the layer's kind are the same, which the type system cannot follow through a union.
  return BLOCKS[layer.kind] as Block<Layer>;
}

const ACTIVATION_GRADIENT_KERNELS: Readonly<Record<Activation, readonly string[]>> = {
  ReLU: ['Multiply', 'Step'],
  SiLU: ['Multiply', 'Sub'],
  GELU: ['Exp', 'Multiply', 'Neg', 'Square'],
  Tanh: ['Multiply', 'Square', 'Sub'],
  Sigmoid: ['Multiply', 'Sub'],
  LeakyReLU: ['Greater', 'Multiply', 'Select'],
  ELU: ['EluGrad'],
  Softplus: ['Multiply', 'Sigmoid'],
  Identity: [],
  CELU: ['EluGrad'],
  Hardshrink: ['Multiply', 'Sign'],
  Hardsigmoid: ['Multiply', 'Step', 'Sub'],
  Hardswish: ['Multiply', 'Step', 'Sub'],
  Hardtanh: ['GreaterEqual', 'LessEqual', 'LogicalAnd', 'Select', 'ZerosLike'],
  LogSigmoid: ['Multiply', 'Neg', 'Sigmoid'],
  Mish: ['Multiply', 'Sigmoid', 'Square', 'Sub'],
  ReLU6: ['Multiply', 'Step', 'Sub'],
  SELU: ['EluGrad', 'Multiply', 'Neg', 'Step'],
  Softshrink: ['GreaterEqual', 'LessEqual', 'LogicalAnd', 'Neg', 'Select', 'ZerosLike'],
  Softsign: ['Multiply', 'Neg', 'RealDiv', 'Sign', 'Square'],
  Tanhshrink: ['Multiply', 'Neg', 'Square', 'Sub'],
};

const BLOCKS: { readonly [Kind in Layer['kind']]: Block<Extract<Layer, { readonly kind: Kind }>> } = {
  linear: {
    describe: describeLinear,
    forward: (scope, _layer, x) => forwardLinear(scope, x),
    gradientKernels: () => ['BatchMatMul', 'Sum'],
  },
  conv2d: {
    describe: describeConv2d,
    forward: (scope, layer, x) => forwardConv2d(scope, x, layer),
    gradientKernels: () => ['Conv2DBackpropFilter', 'Conv2DBackpropInput', 'Sum', 'Transpose'],
  },
  batch_norm: {
    describe: (path, { channels }) => describeBatchNorm(path, channels),
    forward: (scope, _layer, x) => forwardBatchNorm(scope, x),
    gradientKernels: () => ['Multiply', 'Neg', 'RealDiv', 'Sqrt', 'Sum'],
  },
  activation: {
    describe: () => [],
    forward: ({ ctx }, { name }, x) => ctx.ops.activation(x, name),
    gradientKernels: ({ name }) => ACTIVATION_GRADIENT_KERNELS[name],
  },
  max_pool: {
    describe: () => [],
    forward: ({ ctx }, { kernelSize }, x) => ctx.ops.maxPool2d(x, kernelSize, kernelSize),
    gradientKernels: () => ['MaxPoolGrad'],
  },
  avg_pool: {
    describe: () => [],
    forward: ({ ctx }, { kernelSize }, x) => ctx.ops.avgPool2d(x, kernelSize, kernelSize),
    gradientKernels: () => ['AvgPoolGrad'],
  },
  layer_norm: {
    describe: (path, { features }) => describeLayerNorm(path, features),
    forward: (scope, _layer, x) => forwardLayerNorm(scope, x),
    gradientKernels: () => ['Multiply', 'Neg', 'RealDiv', 'Sqrt', 'Sum'],
  },
  embedding: {
    describe: describeEmbedding,
    forward: (scope, _layer, x) => forwardEmbedding(scope, x),
    gradientKernels: () => ['Multiply', 'Transpose', 'UnsortedSegmentSum'],
  },
  dropout: {
    describe: () => [],
    forward: (scope, { p }, x) => forwardDropout(scope, x, p),
    gradientKernels: () => ['Multiply'],
  },
  flatten: {
    describe: () => [],
    forward: ({ ctx }, _layer, x) => ctx.ops.flattenImages(x),
    gradientKernels: () => ['Transpose'],
  },
};
