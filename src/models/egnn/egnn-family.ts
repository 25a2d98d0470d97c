import type { z } from 'zod';
import type { GraphFacts, InputFacts } from '../../contracts/graphs.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { TensorSpec } from '../../contracts/tensors.ts';
import type { ForwardContext, GraphBatch, GraphModel, GraphOutputs } from '../definition.ts';
import { enter, rootScope, type Scope } from '../nn/scope.ts';
import type { BodyPass, BodyShape } from './body.ts';
import { checkEgnn } from './check-egnn.ts';
import { egnnComputationKeys } from './computation-keys.ts';
import { egnnGradientKernels } from './gradient-kernels.ts';
import { type HeadLosses, lossTerms, sumLosses } from './head-losses.ts';
import { describeHeads, forwardHeads, readsEdges } from './heads.ts';
import { egnnHyperparameters } from './hyperparameters.ts';
import { type EgnnParts, egnnPrefix, type ForwardInput } from './prefix.ts';
import { type EgnnSettings, readEgnnSettings } from './settings.ts';
import type { EgnnFeatures, EgnnState } from './state.ts';

/** What tells one EGNN model from another: its body and its losses. */
export interface EgnnMember {
  readonly name: string;
  readonly summary: string;
  /** Hyperparameters beside those that all have. */
  readonly hyperparameters: (zod: typeof z) => Record<string, z.ZodType>;
  readonly body: EgnnBody;
  /** Whether a standard deviation is predicted beside y_graph_scalars. */
  readonly withStd: boolean;
  /** The losses of the heads that are trained. */
  readonly losses: (outputs: GraphOutputs, config: JsonObject) => HeadLosses;
  readonly maskedHeads: GraphModel['maskedHeads'];
  /** Refuses losses that cannot be computed. Throws MODEL_CONFIG_INVALID or NOT_AVAILABLE. */
  readonly checkLosses: (config: JsonObject, graph: GraphFacts) => void;
  /** Kernels of the backward pass beside those of every EGNN and of the losses in its configuration. */
  readonly gradientKernels: GraphModel['gradientKernels'];
}

/** The blocks of a model, and what stands around them. */
export interface EgnnBody {
  /** Name of the module that holds it: what transfer learning carries over and freezes. */
  readonly root: string;
  /** Whether embeddings have 2 Linear modules whatever num_layers_phi says. */
  readonly shallowEmbeddings: boolean;
  readonly describe: (
    path: string,
    settings: EgnnSettings,
    at: { readonly shape: BodyShape; readonly config: JsonObject },
  ) => readonly TensorSpec[];
  /** Features of nodes and edges; `scope` is the root module. */
  readonly forward: (scope: Scope, settings: EgnnSettings, pass: BodyPass) => EgnnState;
}

/** Builds a model of the EGNN family: the body under its root, then the heads. Names, shapes and defaults are physicsml 0.6.0's. */
export function egnnFamily(member: EgnnMember): GraphModel {
  return {
    name: member.name,
    version: '1',
    inputs: 'graphs',
    task: 'regression',
    summary: member.summary,
    hyperparameters: (zod) => zod.strictObject({ ...egnnHyperparameters(zod), ...member.hyperparameters(zod) }),
    defaults: {
      optimizer: { name: 'Adam', config: { lr: 1e-3 } },
      scheduler: { name: 'CosineAnnealingLR', config: { T_max: 'num_steps' } },
    },
    describe: (config, facts) => ({ tensors: describe(member, config, facts) }),
    checkTraining: (config, facts) => member.checkLosses(config, graphFacts(facts)),
    computationKeys: egnnComputationKeys,
    bytesPerEdge,
    maskedHeads: member.maskedHeads,
    forward: (params, graphs, ctx) => forward(member, { params, graphs, ctx }),
    prefix: (config, facts, standsStill) => egnnPrefix(partsOf(member), { config, facts, standsStill }),
    loss: (outputs, graphs, ctx) => sumLosses(member.losses(outputs, ctx.config), { outputs, graphs, ctx }),
    lossTerms: (outputs, graphs, ctx) => lossTerms(member.losses(outputs, ctx.config), { outputs, graphs, ctx }),
    gradientKernels: (config) => [...new Set([...egnnGradientKernels(config), ...member.gradientKernels(config)])].sort(),
  };
}

/** Features of nodes [N, c] and edges [E, c] after the body: what the heads read. */
export function forwardEgnnBody({ body }: Pick<EgnnMember, 'body'>, { params, graphs, ctx }: ForwardInput): EgnnState {
  const settings = readEgnnSettings(ctx.config);
  const pass: BodyPass = {
    graphs,
    coordinates: jittered(graphs, ctx),
    numLayersEmbedding: body.shallowEmbeddings ? 2 : settings.numLayersPhi,
    readsEdges: readsEdges(settings, { targets: graphFacts(ctx.facts).targets }),
  };
  return body.forward(enter(rootScope(params, ctx), body.root), settings, pass);
}

/** Outputs by head from the features that the body gave. */
export function forwardEgnnHeads(
  { withStd }: Pick<EgnnMember, 'withStd'>,
  { params, graphs, ctx }: ForwardInput,
  state: EgnnFeatures,
): GraphOutputs {
  const { targets, graphAttrWidth } = graphFacts(ctx.facts);
  const shape = { targets, graphWidth: graphAttrWidth, withStd };
  return forwardHeads(rootScope(params, ctx), readEgnnSettings(ctx.config), { shape, graphs, state });
}

function describe(member: EgnnMember, config: JsonObject, facts: InputFacts): readonly TensorSpec[] {
  const settings = readEgnnSettings(config);
  const graph = checkEgnn(member.name, { config, settings, facts });
  const shape: BodyShape = {
    hasEdgeFeatures: graph.edgeAttrWidth > 0,
    cutOff: graph.cutOff,
    nodeWidth: graph.numElements + graph.nodeAttrWidth,
    edgeWidth: graph.edgeAttrWidth,
    numLayersEmbedding: member.body.shallowEmbeddings ? 2 : settings.numLayersPhi,
  };
  const heads = { targets: graph.targets, graphWidth: graph.graphAttrWidth, withStd: member.withStd };
  return [...member.body.describe(member.body.root, settings, { shape, config }), ...describeHeads(settings, heads)];
}

/**
 * Measured on the fused operations of wasm, layer by layer, as they run with Dropout or modify_coords: 14.5 floats per edge, block and channel with
 * two-layer networks, 22.6 with three, 21.3 with modify_coords; rounded up to whole networks. Bond features add a third network, with a wider input.
 */
function bytesPerEdge(config: JsonObject): number {
  const { hidden, numLayers, numLayersPhi, modifyCoords } = readEgnnSettings(config);
  const networks = 8 + (modifyCoords ? 4 : 0) + (Number(config['num_edge_feats'] ?? 0) > 0 ? 6 : 0);
  return 4 * hidden * (numLayers + 1) * numLayersPhi * networks;
}

function partsOf(member: EgnnMember): EgnnParts {
  return {
    root: member.body.root,
    body: (input) => forwardEgnnBody(member, input),
    heads: (input, features) => forwardEgnnHeads(member, input, features),
  };
}

function forward(member: EgnnMember, input: ForwardInput): GraphOutputs {
  return forwardEgnnHeads(member, input, forwardEgnnBody(member, input));
}

/** Coordinates with the noise of `jitter`, Angstrom, in training. physicsml adds it in evaluation, too; a prediction here has no noise. */
function jittered({ coordinates }: GraphBatch, ctx: ForwardContext): GraphBatch['coordinates'] {
  const { jitter } = ctx.config;
  if (typeof jitter !== 'number' || jitter === 0 || ctx.mode('jitter') === 'eval') return coordinates;
  return ctx.ops.add(coordinates, ctx.ops.scaleAndShift(ctx.noise('jitter', coordinates.shape), jitter, 0));
}

function graphFacts({ graph }: InputFacts): GraphFacts {
  if (graph === undefined) throw new Error('A model of molecules needs facts about graphs.');
  return graph;
}
