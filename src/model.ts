// What a module with a model of one's own imports, as `rootstock/model`: no part of it loads a package, so that a trainer that imports such
// a module loads nothing for it but a few small files.

export type { GraphFacts, GraphHead } from './contracts/graphs.ts';
export type { Json, JsonObject } from './contracts/json.ts';
export type { DType, Initializer, ModuleTree, TensorSpec } from './contracts/tensors.ts';
export { type ErrorCode, RootstockError } from './errors.ts';
export { defineModel } from './models/define-model.ts';
export type {
  Encodings,
  FeatureModel,
  FeaturePrefix,
  ForwardContext,
  GraphBatch,
  GraphLoss,
  GraphLossTerms,
  GraphModel,
  GraphOutputs,
  GraphPrefix,
  InputFacts,
  ModelDefinition,
  Params,
  Scalar,
  StandsStill,
  Tensor,
} from './models/definition.ts';
export { lossGradientKernels } from './models/losses/gradient-kernels.ts';
export { type LossPlace, readLoss } from './models/losses/read-loss.ts';
export { describeBatchNorm, forwardBatchNorm } from './models/nn/batch-norm.ts';
export { describeConv2d, forwardConv2d, outputSide } from './models/nn/conv2d.ts';
export { forwardDropout } from './models/nn/dropout.ts';
export { describeEmbedding, forwardEmbedding } from './models/nn/embedding.ts';
export { describeLayerNorm, forwardLayerNorm } from './models/nn/layer-norm.ts';
export { describeLinear, forwardLinear } from './models/nn/linear.ts';
export { enter, joinPath, parameter, rootScope, type Scope } from './models/nn/scope.ts';
export { describeSequential, forwardSequential, type Layer, sequentialGradientKernels } from './models/nn/sequential.ts';
export { type SequentialChain, sequentialPrefix } from './models/nn/sequential-prefix.ts';
export {
  ACTIVATIONS,
  agreeWithData,
  readActivation,
  readChoice,
  readClassCount,
  readCount,
  readCounts,
  readFlag,
  readNamedActivation,
  readNumber,
  readOptionalCount,
  readProbability,
} from './models/read-config.ts';
export type { ElementLoss, LossSpec, ReducedLoss, Reduction } from './ops/loss-spec.ts';
export type {
  Activation,
  ConvOptions,
  EdgeInput,
  GatedNetwork,
  LinearLayer,
  LossData,
  LossMean,
  LossTerms,
  Ops,
  RunningStatistics,
} from './ops/ops.ts';
export type { Segments } from './ops/segments.ts';
