import type { Tensor } from '@tensorflow/tfjs-core';
import type { JsonObject } from '../contracts/json.ts';
import { RootstockError } from '../errors.ts';
import type { FeatureModel, ForwardContext } from './definition.ts';
import { outputSide } from './nn/conv2d.ts';
import { enter, rootScope } from './nn/scope.ts';
import { describeSequential, forwardSequential, type Layer, sequentialGradientKernels } from './nn/sequential.ts';
import { sequentialPrefix } from './nn/sequential-prefix.ts';
import {
  ACTIVATIONS,
  agreeWithData,
  MAX_LAYERS,
  readActivation,
  readClassCount,
  readCount,
  readCounts,
  readFlag,
  readProbability,
} from './read-config.ts';

/**
 * A small convolutional network for images given as rows of C * H * W numbers (C outermost, as torch stores them). The equivalent
 * torch module, whose state_dict loads verbatim, for channels [16, 32]:
 *
 *     self.features = nn.Sequential(
 *         nn.Conv2d(C, 16, kernel_size, padding=padding), nn.ReLU(), nn.MaxPool2d(pooling),   # features.0
 *         nn.Conv2d(16, 32, kernel_size, padding=padding), nn.ReLU(), nn.MaxPool2d(pooling),  # features.3
 *     )
 *     self.head = nn.Sequential(
 *         nn.Flatten(), nn.Linear(32 * h * w, hidden_dim), nn.ReLU(),                         # head.1
 *         nn.Dropout(dropout), nn.Linear(hidden_dim, classes),                                # head.4
 *     )
 *     def forward(self, x): return self.head(self.features(x))
 *
 * batch_norm puts nn.BatchNorm2d after each Conv2d (features.1, features.5, ...); pooling 1 leaves the MaxPool2d modules out; the
 * Dropout module is always there, so dropout never changes a name. So `modules_to_match: {features: features}` carries over all but the head.
 */
export const cnnClassifier: FeatureModel = {
  name: 'cnn_classifier',
  version: '1',
  task: 'classification',
  summary: 'Small convolutional network for images: features (convolutions) and head (two linear layers).',
  hyperparameters: (zod) =>
    zod.strictObject({
      input_shape: zod.array(zod.int().min(1)).length(3).describe('[channels, height, width] of one row of x_features.'),
      channels: zod.array(zod.int().min(1)).min(1).max(MAX_LAYERS).default([16, 32]).describe('Output channels of each convolution.'),
      kernel_size: zod.int().min(1).default(3),
      padding: zod.int().min(0).default(1).describe('Zero padding on each side of each convolution.'),
      pooling: zod.int().min(1).default(2).describe('Window and stride of the max pooling after each convolution; 1 means none.'),
      activation: zod.enum(ACTIVATIONS).default('ReLU').describe('Activation in features and head (torch.nn names).'),
      batch_norm: zod.boolean().default(false).describe('BatchNorm2d after each convolution.'),
      dropout: zod.number().min(0).lt(1).default(0).describe('Dropout probability before the last Linear.'),
      hidden_dim: zod.int().min(1).default(64).describe('Width of the hidden layer in head.'),
      classes: zod
        .array(zod.union([zod.string(), zod.number()]))
        .min(2)
        .nullish()
        .describe('Class labels in order; default: the sorted labels of the training split.'),
    }),
  defaults: { optimizer: { name: 'Adam', config: { lr: 1e-3 } }, scheduler: null },
  describe(config, facts) {
    const { channels, height, width } = readShape(config);
    agreeWithData(channels * height * width, facts.inputWidth, {
      key: 'input_shape',
      what: 'the width of x_features',
    });
    const classes = agreeWithData(readClassCount(config), facts.outputWidth, { key: 'classes', what: 'the number of classes in the data' });
    return {
      tensors: [...describeSequential('features', featureLayers(config)), ...describeSequential('head', headLayers(config, classes))],
    };
  },
  computationKeys: (modulePath) => (modulePath.startsWith('features') ? ['activation', 'padding', 'pooling'] : ['activation']),
  forward(params, inputs, ctx) {
    const root = rootScope(params, ctx);
    const images = ctx.ops.toImages(inputs, readShape(ctx.config)); // [B, H, W, C]
    const features = forwardSequential(enter(root, 'features'), featureLayers(ctx.config), images); // [B, h, w, c]
    return forwardSequential(enter(root, 'head'), headLayers(ctx.config, 1), features); // [B, K]
  },
  prefix(config, _facts, standsStill) {
    const { channels, height, width } = readShape(config);
    const parts = [
      { path: 'features', layers: featureLayers(config) },
      { path: 'head', layers: headLayers(config, 1) },
    ];
    const prepare = (inputs: Tensor, { ops }: ForwardContext) => ops.toImages(inputs, readShape(config));
    return sequentialPrefix({ parts, inputShape: [height, width, channels], prepare }, standsStill);
  },
  loss: (outputs, targets, ops) => ops.crossEntropy(outputs, targets),
  gradientKernels: (config) =>
    [
      ...new Set([
        ...sequentialGradientKernels(featureLayers(config)),
        ...sequentialGradientKernels(headLayers(config, 1)),
        'Exp',
        'Multiply',
        'Sub',
        'Sum',
      ]),
    ].sort(),
};

function readShape(config: JsonObject): { readonly channels: number; readonly height: number; readonly width: number } {
  const shape = readCounts(config, 'input_shape', undefined);
  const [channels, height, width] = shape;
  if (channels === undefined || height === undefined || width === undefined || shape.length !== 3) {
    throw new RootstockError(
      'MODEL_CONFIG_INVALID',
      `model.config.input_shape: expected [channels, height, width], received [${shape.join(', ')}].`,
      { key: 'input_shape' },
    );
  }
  return { channels, height, width };
}

/** Output channels of each convolution. */
function readChannels(config: JsonObject): readonly number[] {
  const channels = readCounts(config, 'channels', [16, 32]);
  if (channels.length <= MAX_LAYERS) return channels;
  const text = `model.config.channels: expected at most ${MAX_LAYERS} convolutions, received ${channels.length}.`;
  throw new RootstockError('MODEL_CONFIG_INVALID', text, { key: 'channels' });
}

function featureLayers(config: JsonObject): readonly Layer[] {
  const outputs = readChannels(config);
  const convolution = readConvolution(config);
  const pooling = readPooling(config);
  const name = readActivation(config, 'ReLU');
  const normalised = readFlag(config, 'batch_norm');
  return outputs.flatMap((outChannels, index): Layer[] => [
    { kind: 'conv2d', inChannels: outputs[index - 1] ?? readShape(config).channels, outChannels, ...convolution, stride: 1 },
    ...(normalised ? [{ kind: 'batch_norm', channels: outChannels } as const] : []),
    { kind: 'activation', name },
    ...(pooling > 1 ? [{ kind: 'max_pool', kernelSize: pooling } as const] : []),
  ]);
}

function headLayers(config: JsonObject, classes: number): readonly Layer[] {
  const hidden = readCount(config, 'hidden_dim', { fallback: 64, minimum: 1 });
  return [
    { kind: 'flatten' },
    { kind: 'linear', inFeatures: flatWidth(config), outFeatures: hidden },
    { kind: 'activation', name: readActivation(config, 'ReLU') },
    { kind: 'dropout', p: readProbability(config, 'dropout') },
    { kind: 'linear', inFeatures: hidden, outFeatures: classes },
  ];
}

/** Numbers per image that the convolutions hand to the head. Throws MODEL_CONFIG_INVALID when the image is too small for them. */
function flatWidth(config: JsonObject): number {
  const outputs = readChannels(config);
  const { kernelSize, padding } = readConvolution(config);
  const pooling = readPooling(config);
  let { height, width } = readShape(config);
  for (const block of outputs.keys()) {
    const shrink = (side: number) =>
      outputSide(outputSide(side, { size: kernelSize, stride: 1, padding }), { size: pooling, stride: pooling, padding: 0 });
    [height, width] = [shrink(height), shrink(width)];
    if (height < 1 || width < 1) throw tooSmall(config, block);
  }
  return (outputs.at(-1) ?? 1) * height * width;
}

function readConvolution(config: JsonObject): { readonly kernelSize: number; readonly padding: number } {
  return {
    kernelSize: readCount(config, 'kernel_size', { fallback: 3, minimum: 1 }),
    padding: readCount(config, 'padding', { fallback: 1, minimum: 0 }),
  };
}

function readPooling(config: JsonObject): number {
  return readCount(config, 'pooling', { fallback: 2, minimum: 1 });
}

function tooSmall(config: JsonObject, block: number): RootstockError {
  const { height, width } = readShape(config);
  return new RootstockError(
    'MODEL_CONFIG_INVALID',
    `model.config: an image of ${height} x ${width} has no pixel left after convolution ${block + 1} and its pooling.\nFix: fewer channels, a smaller kernel_size or pooling, or more padding.`,
    { height, width, block },
  );
}
