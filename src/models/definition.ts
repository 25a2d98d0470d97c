import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { z } from 'zod';
import type { GraphHead, InputFacts } from '../contracts/graphs.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { OptimizerPlan, SchedulerPlan } from '../contracts/plan.ts';
import type { ModuleTree } from '../contracts/tensors.ts';
import type { LossTerms, Ops } from '../ops/ops.ts';
import type { Segments } from '../ops/segments.ts';

export type { Scalar, Tensor } from '@tensorflow/tfjs-core';
export type { InputFacts } from '../contracts/graphs.ts';

/** A kind of model: what its hyperparameters are, which tensors it has, how it computes. The only thing a new model has to write. */
export type ModelDefinition = FeatureModel | GraphModel;

interface ModelCommon {
  /** The name in `model.name` of a run file. */
  readonly name: string;
  /** Raised whenever the numbers change; part of every stage key. */
  readonly version: string;
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
  /** Refuses what can predict but not be trained (a head without a loss). Throws MODEL_CONFIG_INVALID or NOT_AVAILABLE. Absent: nothing. */
  checkTraining?(config: JsonObject, facts: InputFacts): void;
  /**
   * Keys of model.config, or `datamodule.cut_off` and `datamodule.self_interaction`, that decide what the module at a dotted path computes
   * where its tensors do not show it: activations, for example. A match with a model of other values is warned about. Absent: none.
   */
  readonly computationKeys?: (modulePath: string) => readonly string[];
  /** tfjs kernels that the backward pass needs, so that a backend lacking one is refused before training. */
  gradientKernels(config: JsonObject): readonly string[];
}

/** A model of rows of numbers. */
export interface FeatureModel extends ModelCommon {
  readonly inputs?: 'features';
  readonly task: 'regression' | 'classification';
  /** Computes the outputs of one batch: logits [B, K] of a classifier, values [B, T] of a regressor. */
  forward(params: Params, inputs: Tensor, ctx: ForwardContext): Tensor;
  /** The leading part that a stage leaves as it is, so that its outputs are computed once per stage; null: there is none. Absent: never. */
  prefix?(config: JsonObject, facts: InputFacts, standsStill: StandsStill): FeaturePrefix | null;
  /** Scalar mean loss over the batch. `targets`: [B, T] float32, or [B] int32 classes. */
  loss(outputs: Tensor, targets: Tensor, ops: Ops, config: JsonObject): Scalar;
  /** The same loss as what batches add up, for evaluation. Absent: the mean of batch losses, weighted by rows. */
  lossTerms?(outputs: Tensor, targets: Tensor, ops: Ops, config: JsonObject): LossTerms;
}

/** A model of molecules: graphs of atoms. */
export interface GraphModel extends ModelCommon {
  readonly inputs: 'graphs';
  readonly task: 'regression';
  /** Heads whose loss leaves out missing targets, so that the data may have holes there. */
  maskedHeads(config: JsonObject): readonly GraphHead[];
  /** About how many bytes one directed edge takes in a forward and backward pass, so that a batch that cannot fit is refused in the plan. */
  bytesPerEdge?(config: JsonObject): number;
  /** Computes the outputs of one batch of molecules by head. */
  forward(params: Params, graphs: GraphBatch, ctx: ForwardContext): GraphOutputs;
  /** The leading part that a stage leaves as it is, so that its outputs are computed once per stage; null: there is none. Absent: never. */
  prefix?(config: JsonObject, facts: InputFacts, standsStill: StandsStill): GraphPrefix | null;
  /** The scalar to minimise, and its summands by head. */
  loss(outputs: GraphOutputs, graphs: GraphBatch, ctx: Pick<ForwardContext, 'config' | 'ops'>): GraphLoss;
  /** The losses of heads as what batches add up, for evaluation. Absent: means of batch losses, weighted by molecules. */
  lossTerms?(outputs: GraphOutputs, graphs: GraphBatch, ctx: Pick<ForwardContext, 'config' | 'ops'>): GraphLossTerms;
}

/** Whether every parameter under the module at a dotted path is frozen and the module runs in eval mode. */
export type StandsStill = (modulePath: string) => boolean;

/** A leading part of a model of rows whose outputs depend on nothing that a stage trains: forward = decode(encode). */
export interface FeaturePrefix {
  /** What it is made of, for people. */
  readonly modules: readonly string[];
  /** Shape of what `encode` gives for one row. */
  readonly shape: readonly number[];
  /** inputs [B, W] -> [B, ...shape]. Called in eval mode; asks neither for dropout masks nor for noise. */
  encode(params: Params, inputs: Tensor, ctx: ForwardContext): Tensor;
  /** [B, ...shape] -> the outputs of `forward`. */
  decode(params: Params, encoded: Tensor, ctx: ForwardContext): Tensor;
}

/** A leading part of a model of molecules: forward = decode(encode). */
export interface GraphPrefix {
  readonly modules: readonly string[];
  /** What `encode` gives, by name: [lines, width], a line per molecule, atom or edge. */
  readonly encodings: Readonly<Record<string, { readonly lines: 'graph' | 'node' | 'edge'; readonly width: number }>>;
  /** Called in eval mode; asks neither for dropout masks nor for noise. */
  encode(params: Params, graphs: GraphBatch, ctx: ForwardContext): Encodings;
  /** Gives the outputs of `forward`. Unless an encoding has a line per edge, `graphs` comes without edges (E = 0) and edge features. */
  decode(params: Params, encodings: Encodings, at: { readonly graphs: GraphBatch; readonly ctx: ForwardContext }): GraphOutputs;
}

/** What a prefix of a molecule model gives, by name. */
export type Encodings = Readonly<Record<string, Tensor>>;

/** Parameters and buffers by dotted path. */
export type Params = Readonly<Record<string, Tensor>>;

/** A batch of G molecules on the device: N atoms and E directed edges in all. float32 unless said otherwise. */
export interface GraphBatch {
  readonly numGraphs: number;
  readonly numNodes: number;
  readonly numEdges: number;
  /** [N, F] one-hot atom numbers, then further features. */
  readonly nodeAttrs: Tensor;
  /** [N, 3] Angstrom. */
  readonly coordinates: Tensor;
  /** physicsml's edge_index: edge e goes from edgeIndex[0].index[e] to edgeIndex[1].index[e]; sorted by the first, then the second. */
  readonly edgeIndex: readonly [Segments, Segments];
  /** The molecule of each atom. */
  readonly batch: Segments;
  /** [G, 1] atoms per molecule. */
  readonly nodesPerGraph: Tensor;
  /** [E, 3] what to add to r_j - r_i across a periodic boundary, Angstrom; null without a cell. */
  readonly cellShifts: Tensor | null;
  /** [E, F_e], zeros for edges that are no bond; null without bond features. */
  readonly edgeAttrs: Tensor | null;
  /** [G, F_g] */
  readonly graphAttrs: Tensor | null;
  /** [G, 1] */
  readonly totalAtomicEnergy: Tensor | null;
  /** [G, T], [N, T] or [E, T] by head; NaN where a target is missing. Empty at predict. */
  readonly targets: Readonly<Partial<Record<GraphHead, Tensor>>>;
}

/** Outputs by head; a mean-variance model adds `<head>::std`. */
export type GraphOutputs = Readonly<Partial<Record<GraphHead | `${GraphHead}::std`, Tensor>>>;

/** The loss of a batch of molecules: `total` is the sum of `heads`. */
export interface GraphLoss {
  readonly total: Scalar;
  readonly heads: Readonly<Partial<Record<GraphHead, Scalar>>>;
}

/** The losses of a batch of molecules by head, as what batches add up. */
export type GraphLossTerms = Readonly<Partial<Record<GraphHead, LossTerms>>>;

/** What a forward pass may know. */
export interface ForwardContext {
  readonly config: JsonObject;
  readonly facts: InputFacts;
  readonly ops: Ops;
  /** train or eval for the module at a dotted path (frozen subtrees run in eval). */
  mode(modulePath: string): 'train' | 'eval';
  /** Whether the parameter at a dotted path is a constant of this pass: nobody asks for its gradient. */
  isFrozen(parameterPath: string): boolean;
  /** A 0/1 keep-mask of a shape for the dropout module at a path: keep probability 1 - p, keyed by (seed, stage, step, path). */
  dropoutMask(modulePath: string, shape: readonly number[], p: number): Tensor;
  /** Standard normal numbers of a shape for the noise at a path, keyed as dropout masks are. Never asked for in eval mode. */
  noise(modulePath: string, shape: readonly number[]): Tensor;
  /** Hands back a buffer's new value (BatchNorm statistics). The trainer keeps it after the step. Never called in eval mode. */
  updateBuffer(path: string, value: Tensor): void;
}
