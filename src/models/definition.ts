import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { z } from 'zod';
import type { JsonObject } from '../contracts/json.ts';
import type { OptimizerPlan, SchedulerPlan } from '../contracts/plan.ts';
import type { ModuleTree } from '../contracts/tensors.ts';
import type { Ops } from '../ops/ops.ts';

/** A kind of model: what its hyperparameters are, which tensors it has, how it computes. The only thing a new model has to write. */
export interface ModelDefinition {
  /** The name in `model.name` of a run file. */
  readonly name: string;
  /** Raised whenever the numbers change; part of every stage key. */
  readonly version: string;
  readonly task: 'regression' | 'classification';
  /** One line for `rootstock schema` and docs. */
  readonly summary: string;
  /** Strict zod object of the model's own hyperparameters (those beside x_features, datamodule, ...). zod comes as an argument so that the trainer never loads it. */
  readonly hyperparameters: (zod: typeof z) => z.ZodObject;
  readonly defaults: {
    readonly optimizer: { readonly name: OptimizerPlan['name']; readonly config: JsonObject };
    readonly scheduler: { readonly name: SchedulerPlan['name']; readonly config: JsonObject } | null;
  };
  /** Names, shapes and initialisers of all tensors. No tensors, microseconds. Throws MODEL_CONFIG_INVALID when hyperparameters contradict the data. */
  describe(config: JsonObject, facts: InputFacts): ModuleTree;
  /** Computes the outputs of one batch: logits [B, K] of a classifier, values [B, T] of a regressor. */
  forward(params: Params, inputs: Tensor, ctx: ForwardContext): Tensor;
  /** Scalar mean loss over the batch. `targets`: [B, T] float32, or [B] int32 classes. */
  loss(outputs: Tensor, targets: Tensor, ops: Ops): Scalar;
  /** tfjs kernels that the backward pass needs, so that a backend lacking one is refused before training. */
  gradientKernels(config: JsonObject): readonly string[];
}

/** What the data says about a model's input and output. */
export interface InputFacts {
  /** Values per row over all x_features: the W of inputs [B, W]. */
  readonly inputWidth: number;
  /** Number of y_features, or of classes for a classifier. */
  readonly outputWidth: number;
}

/** Parameters and buffers by dotted path. */
export type Params = Readonly<Record<string, Tensor>>;

/** What a forward pass may know. */
export interface ForwardContext {
  readonly config: JsonObject;
  readonly ops: Ops;
  /** train or eval for the module at a dotted path (frozen subtrees run in eval). */
  mode(modulePath: string): 'train' | 'eval';
  /** A 0/1 keep-mask of a shape for the dropout module at a path: keep probability 1 - p, keyed by (seed, stage, step, path). */
  dropoutMask(modulePath: string, shape: readonly number[], p: number): Tensor;
  /** Hands back a buffer's new value (BatchNorm statistics). The trainer keeps it after the step. Never called in eval mode. */
  updateBuffer(path: string, value: Tensor): void;
}
