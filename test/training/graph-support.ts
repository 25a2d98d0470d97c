import * as tf from '@tensorflow/tfjs-core';
import type { GraphHead, InputFacts, NeighbourPlan } from '../../src/contracts/graphs.ts';
import type { JsonObject } from '../../src/contracts/json.ts';
import type { DataModulePlan, StagePlan, TrainerPlan } from '../../src/contracts/plan.ts';
import type { ModuleTree, Weights } from '../../src/contracts/tensors.ts';
import type { GraphDataset } from '../../src/data/dataset.ts';
import { BARE_MOLECULES } from '../../src/data/graphs/bare-molecules.ts';
import type { ForwardContext, GraphBatch, GraphModel, GraphOutputs, Params } from '../../src/models/definition.ts';
import { createOps } from '../../src/ops/create-ops.ts';
import { fillNormal, fillUniform } from '../../src/random/fill.ts';
import { randomStream } from '../../src/random/stream.ts';
import type { StageSetup } from '../../src/training/stage-setup.ts';
import { resolveFreeze } from '../../src/transfer/freeze.ts';
import { initialiseWeights } from '../../src/transfer/initialise.ts';
import { makeSetup } from './support.ts';

/** Width of the hidden node features of the tiny model. */
const C = 4;
export const NEIGHBOURS = { cutOff: 3, selfInteraction: false, cell: null } as const;
export const FACTS = {
  inputWidth: 0,
  outputWidth: 2,
  graph: {
    numElements: 3,
    nodeAttrWidth: 0,
    edgeAttrWidth: 0,
    graphAttrWidth: 0,
    hasTotalAtomicEnergy: false,
    cutOff: 3,
    targets: { y_graph_scalars: 2, y_node_scalars: 1 },
  },
} as const;

const linear = (path: string, [outputs, inputs]: readonly [number, number]): ModuleTree['tensors'] => [
  {
    path: `${path}.weight`,
    shape: [outputs, inputs],
    dtype: 'float32',
    kind: 'parameter',
    initializer: { kind: 'uniform', low: -0.5, high: 0.5 },
  },
  { path: `${path}.bias`, shape: [outputs], dtype: 'float32', kind: 'parameter', initializer: { kind: 'uniform', low: -0.5, high: 0.5 } },
];

function encode(params: Params, graphs: GraphBatch, { ops }: ForwardContext): tf.Tensor {
  const [to, from] = graphs.edgeIndex;
  const h = ops.linear(graphs.nodeAttrs, params['encoder.weight'] as tf.Tensor, params['encoder.bias'] as tf.Tensor, 'Tanh'); // [N, C]
  return tf.add(h, ops.segmentSum(ops.gather(h, from), to)); // [N, C]
}

function decode(
  params: Params,
  h: tf.Tensor,
  { graphs, ctx }: { readonly graphs: GraphBatch; readonly ctx: ForwardContext },
): GraphOutputs {
  const apply = (x: tf.Tensor, name: string) =>
    ctx.ops.linear(x, params[`${name}.weight`] as tf.Tensor, params[`${name}.bias`] as tf.Tensor);
  return { y_graph_scalars: apply(ctx.ops.segmentSum(h, graphs.batch), 'graph_head'), y_node_scalars: apply(h, 'node_head') };
}

/** Mean squared error over the targets that are there. */
function maskedMse(output: tf.Tensor, target: tf.Tensor): tf.Scalar {
  const there = tf.logicalNot(tf.isNaN(target));
  const error = tf.sub(output, tf.where(there, target, tf.zerosLike(target)));
  const kept = tf.mul(tf.square(error), tf.cast(there, 'float32'));
  return tf.div(tf.sum(kept), tf.sum(tf.cast(there, 'float32')));
}

/** One message passing layer (`encoder`), two targets per molecule (`graph_head`), one per atom (`node_head`, may be missing). */
export const TINY_GRAPH_MODEL: GraphModel = {
  name: 'tiny_graph_model',
  version: '1',
  summary: 'For tests.',
  inputs: 'graphs',
  task: 'regression',
  hyperparameters: (zod) => zod.strictObject({}),
  defaults: { optimizer: { name: 'AdamW', config: { lr: 1e-3 } }, scheduler: null },
  maskedHeads: () => ['y_node_scalars'],
  describe: () => ({ tensors: [...linear('encoder', [C, 3]), ...linear('graph_head', [2, C]), ...linear('node_head', [1, C])] }),
  gradientKernels: () => [],
  prefix(_config, _facts, standsStill) {
    if (!standsStill('encoder')) return null;
    return {
      modules: ['encoder'],
      encodings: { h: { lines: 'node', width: C } },
      encode: (params, graphs, ctx) => ({ h: encode(params, graphs, ctx) }),
      decode: (params, { h }, at) => decode(params, h as tf.Tensor, at),
    };
  },
  forward: (params, graphs, ctx) => decode(params, encode(params, graphs, ctx), { graphs, ctx }),
  loss(outputs, graphs) {
    const losses = (['y_graph_scalars', 'y_node_scalars'] as const).flatMap((head) => {
      const [output, target] = [outputs[head], graphs.targets[head]];
      return output === undefined || target === undefined ? [] : [[head, maskedMse(output, target)] as const];
    });
    return { total: tf.addN<tf.Scalar>(losses.map(([, loss]) => loss)), heads: Object.fromEntries(losses) };
  },
};

/** Molecules of 2 to 5 atoms at random places, made from a seed. Every third node target is missing. */
export function makeGraphDataset(rows: number, seed: number): GraphDataset {
  const sizes = Array.from({ length: rows }, (_, row) => 2 + ((row * 7 + seed) % 4));
  const nodeOffsets = Uint32Array.from([0, ...sizes.map((_, row) => sizes.slice(0, row + 1).reduce((sum, size) => sum + size, 0))]);
  const atoms = nodeOffsets[rows] ?? 0;
  const coordinates = new Float32Array(atoms * 3);
  fillUniform(coordinates, 0, 3, randomStream(seed, 'coordinates'));
  const numbers = (name: string, length: number) => {
    const values = new Float32Array(length);
    fillNormal(values, 0, 1, randomStream(seed, name));
    return values;
  };
  const nodeTargets = numbers('node', atoms).map((value, atom) => (atom % 3 === 1 ? Number.NaN : value));
  return {
    kind: 'graphs',
    rows,
    nodeOffsets,
    atomNumbers: Int32Array.from({ length: atoms }, (_, atom) => (atom * 5 + seed) % 3),
    numElements: 3,
    coordinates,
    ...BARE_MOLECULES,
    targets: {
      y_graph_scalars: { offsets: Uint32Array.from({ length: rows + 1 }, (_, row) => row), width: 2, values: numbers('graph', rows * 2) },
      y_node_scalars: { offsets: nodeOffsets, width: 1, values: nodeTargets },
    } satisfies Partial<Record<GraphHead, unknown>>,
    rowId: (row) => `m${row}`,
  };
}

/** What a test varies of a stage of molecules. */
export interface GraphStageOptions {
  readonly freeze?: readonly string[];
  readonly trainer?: Partial<TrainerPlan>;
  readonly train?: Partial<DataModulePlan['train']>;
  readonly stage?: Partial<StagePlan>;
  readonly weights?: Weights;
  readonly definition?: GraphModel;
  readonly config?: JsonObject;
  readonly facts?: InputFacts;
  readonly neighbours?: NeighbourPlan;
  /** Changes the made-up molecules. */
  readonly data?: (molecules: GraphDataset) => GraphDataset;
}

/** A small stage of the tiny model on made-up molecules. */
export function makeGraphSetup(options: GraphStageOptions = {}): StageSetup {
  const definition = options.definition ?? TINY_GRAPH_MODEL;
  const { config = {}, facts = FACTS, data = (molecules: GraphDataset) => molecules } = options;
  const tree = definition.describe(config, facts);
  const train = data(makeGraphDataset(22, 1));
  // Counts of batches and steps depend on the number of rows alone: they are those of a stage of plain features.
  const { stage, seed } = makeSetup({
    ...(options.trainer && { trainer: options.trainer }),
    ...(options.train && { train: options.train }),
  });
  return {
    seed,
    stage: {
      ...stage,
      freezeModules: options.freeze ?? [],
      mask: resolveFreeze(options.freeze ?? [], tree),
      datamodule: { ...stage.datamodule, neighbours: options.neighbours ?? NEIGHBOURS },
      ...options.stage,
    },
    model: { definition, config, facts, ops: createOps() },
    tree,
    inputWeights: options.weights ?? initialiseWeights(tree, seed),
    train,
    validation: data(makeGraphDataset(9, 2)),
  };
}
