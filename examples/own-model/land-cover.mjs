// @ts-check
import {
  defineModel,
  describeSequential,
  enter,
  forwardSequential,
  lossGradientKernels,
  RootstockError,
  readCount,
  readProbability,
  rootScope,
  sequentialGradientKernels,
  sequentialPrefix,
} from 'rootstock/model';

/** @import { ForwardContext, JsonObject, Layer, Tensor } from 'rootstock/model' */

/**
 * A map of land cover gives numbers. Each row of x_features is a square map: side * side cells, row by row, each the number of its kind. The
 * equivalent torch module, whose state_dict loads verbatim:
 *
 *     self.encoder = nn.Sequential(
 *         nn.Embedding(kinds, embedding_dim),                  # encoder.0: one vector per cell
 *         nn.LayerNorm(embedding_dim),                         # encoder.1
 *         ChannelsFirst(), nn.AvgPool2d(window), nn.Flatten()  # as torch orders images; nothing of it has a tensor
 *     )
 *     self.head = nn.Sequential(
 *         nn.Linear(embedding_dim * (side // window) ** 2, hidden_dim), nn.ReLU(),  # head.0
 *         nn.Dropout(dropout), nn.Linear(hidden_dim, outputs),                      # head.3
 *     )
 *     def forward(self, x): return self.head(self.encoder(x.long().view(-1, side, side)))
 */
export const landCover = defineModel({
  name: 'land_cover',
  version: '1',
  task: 'regression',
  summary: 'Numbers from maps of land cover: an encoder (embedding, layer norm, average pool) and a head (two linear layers).',
  hyperparameters: (zod) =>
    zod.strictObject({
      kinds: zod.int().min(1).describe('Kinds of land cover: the cells of a map are 0 .. kinds - 1.'),
      side: zod.int().min(1).describe('Cells on each side of a map.'),
      window: zod.int().min(1).default(2).describe('Cells on each side of the squares that are averaged.'),
      embedding_dim: zod.int().min(1).default(8).describe('Length of the vector of a kind.'),
      hidden_dim: zod.int().min(1).default(16).describe('Width of the hidden layer in head.'),
      dropout: zod.number().min(0).lt(1).default(0).describe('Dropout probability before the last Linear.'),
    }),
  defaults: { optimizer: { name: 'AdamW', config: { lr: 1e-2 } }, scheduler: null },
  describe(config, { inputWidth, outputWidth }) {
    const side = readSide(config);
    if (side * side !== inputWidth) {
      const text = `model.config.side is ${side}, which makes ${side * side} cells, but a row of x_features has ${inputWidth} numbers.`;
      throw new RootstockError('MODEL_CONFIG_INVALID', text, { key: 'side' });
    }
    return {
      tensors: [...describeSequential('encoder', encoder(config)), ...describeSequential('head', head(config, outputWidth))],
    };
  },
  // No tensor shows how large the windows are: a pre-trained encoder with others is warned about.
  computationKeys: (modulePath) => (modulePath.startsWith('encoder') ? ['window'] : []),
  forward(params, inputs, ctx) {
    const root = rootScope(params, ctx);
    const cells = forwardSequential(enter(root, 'encoder'), encoder(ctx.config), toMap(ctx.config, inputs, ctx)); // [B, cells]
    return forwardSequential(enter(root, 'head'), head(ctx.config, ctx.facts.outputWidth), cells); // [B, T]
  },
  // A stage that freezes the encoder computes it once for every row, not in every epoch.
  prefix(config, { outputWidth }, standsStill) {
    const parts = [
      { path: 'encoder', layers: encoder(config) },
      { path: 'head', layers: head(config, outputWidth) },
    ];
    const inputShape = [readSide(config), readSide(config)];
    return sequentialPrefix({ parts, inputShape, prepare: (inputs, ctx) => toMap(config, inputs, ctx) }, standsStill);
  },
  loss: (outputs, targets, ops) => ops.mseLoss(outputs, targets),
  gradientKernels: (config) => [
    ...sequentialGradientKernels([...encoder(config), ...head(config, 1)]),
    ...lossGradientKernels({ name: 'MSELoss' }),
  ],
});

/** @type {(config: JsonObject) => readonly Layer[]} */
function encoder(config) {
  const features = readCount(config, 'embedding_dim', { fallback: 8, minimum: 1 });
  return [
    { kind: 'embedding', numEmbeddings: readCount(config, 'kinds', { fallback: 1, minimum: 1 }), embeddingDim: features },
    { kind: 'layer_norm', features },
    { kind: 'avg_pool', kernelSize: readWindow(config) },
    { kind: 'flatten' },
  ];
}

/** @type {(config: JsonObject, outputs: number) => readonly Layer[]} */
function head(config, outputs) {
  const squares = Math.floor(readSide(config) / readWindow(config)) ** 2;
  const inFeatures = squares * readCount(config, 'embedding_dim', { fallback: 8, minimum: 1 });
  const hidden = readCount(config, 'hidden_dim', { fallback: 16, minimum: 1 });
  return [
    { kind: 'linear', inFeatures, outFeatures: hidden },
    { kind: 'activation', name: 'ReLU' },
    { kind: 'dropout', p: readProbability(config, 'dropout') },
    { kind: 'linear', inFeatures: hidden, outFeatures: outputs },
  ];
}

/**
 * Rows of cells as maps: [B, side * side] -> [B, side, side].
 *
 * @type {(config: JsonObject, inputs: Tensor, ctx: ForwardContext) => Tensor}
 */
function toMap(config, inputs, { ops }) {
  return ops.reshape(inputs, [-1, readSide(config), readSide(config)]);
}

/** @type {(config: JsonObject) => number} */
function readSide(config) {
  return readCount(config, 'side', { fallback: 1, minimum: 1 });
}

/** @type {(config: JsonObject) => number} */
function readWindow(config) {
  return readCount(config, 'window', { fallback: 2, minimum: 1 });
}
