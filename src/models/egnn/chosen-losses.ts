import type { Scalar } from '@tensorflow/tfjs-core';
import type { GraphFacts, GraphHead } from '../../contracts/graphs.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { composeMessage, RootstockError } from '../../errors.ts';
import type { LossSpec } from '../../ops/loss-spec.ts';
import type { ForwardContext, GraphBatch, GraphLoss, GraphOutputs } from '../definition.ts';
import { readLoss } from '../losses/read-loss.ts';
import type { EgnnMember } from './egnn-family.ts';

/** Heads with a loss of their own, in the order in which physicsml adds their losses up. */
const TRAINED_HEADS = ['y_node_scalars', 'y_edge_scalars', 'y_graph_scalars'] as const;

/** Losses that a run file chooses per head: `<head>_loss_config`. A head without one is predicted and not trained, as in physicsml. */
export const chosenLosses: Pick<EgnnMember, 'loss' | 'maskedHeads' | 'checkLosses'> = {
  loss: (outputs, graphs, ctx) => sumLosses(chosen(ctx.config, columnsOf(outputs)), { outputs, graphs, ctx }),
  maskedHeads: (config) => TRAINED_HEADS.filter((head) => leavesOutMissing(config[lossKey(head)])),
  checkLosses(config, { targets }) {
    const found = chosen(config, targets);
    if (found.length === 0) throw nothingTrained(targets);
  },
};

/** Adds up the losses of heads, in order. A head whose targets are not in the batch counts for nothing. */
export function sumLosses(
  losses: readonly (readonly [GraphHead, LossSpec])[],
  { outputs, graphs, ctx }: { readonly outputs: GraphOutputs; readonly graphs: GraphBatch; readonly ctx: Pick<ForwardContext, 'ops'> },
): GraphLoss {
  const heads: Partial<Record<GraphHead, Scalar>> = {};
  let total: Scalar | undefined;
  for (const [head, spec] of losses) {
    const [prediction, target] = [outputs[head], graphs.targets[head]];
    if (prediction === undefined || target === undefined) continue;
    const std = outputs[`${head}::std`];
    const variance = std === undefined ? {} : { variance: ctx.ops.multiply(std, std) };
    const loss = ctx.ops.loss(spec, { prediction, target, nodesPerGraph: graphs.nodesPerGraph, ...variance });
    heads[head] = loss;
    total = total === undefined ? loss : (ctx.ops.add(total, loss) as Scalar);
  }
  if (total === undefined) throw nothingTrained(columnsOf(outputs));
  return { total, heads };
}

/** The losses of `heads` that have columns and a configuration. Throws as readLoss, and MODEL_CONFIG_INVALID for a loss without columns. */
export function chosen(
  config: JsonObject,
  columns: Readonly<Partial<Record<GraphHead, number>>>,
  heads: readonly GraphHead[] = TRAINED_HEADS,
): readonly (readonly [GraphHead, LossSpec])[] {
  return heads.flatMap((head) => {
    const value = config[lossKey(head)] ?? null;
    if (value === null) return [];
    const count = columns[head] ?? 0;
    if (count === 0) throw withoutColumns(head);
    return [[head, readLoss(value, { key: lossKey(head), columns: count, hasMolecules: true })] as const];
  });
}

/** Whether a loss configuration is one that leaves out missing targets. */
export function leavesOutMissing(value: JsonObject[string] | undefined): boolean {
  if (typeof value !== 'object' || value === null || !('name' in value)) return false;
  return value.name === 'MaskedMSELoss' || value.name === 'MultiTaskLoss';
}

function lossKey(head: GraphHead): string {
  return `${head}_loss_config`;
}

function columnsOf(outputs: GraphOutputs): Readonly<Partial<Record<GraphHead, number>>> {
  return Object.fromEntries(TRAINED_HEADS.map((head) => [head, outputs[head]?.shape[1] ?? 0]));
}

function withoutColumns(head: GraphHead): RootstockError {
  const where = `model.config.${lossKey(head)}`;
  const text = composeMessage(
    `${where}: there is a loss, but datamodule.${head} names no columns.`,
    [],
    `list the columns under datamodule.${head}, or leave ${lossKey(head)} out.`,
  );
  return new RootstockError('MODEL_CONFIG_INVALID', text, { key: where, head });
}

function nothingTrained(targets: GraphFacts['targets']): RootstockError {
  const head = TRAINED_HEADS.find((each) => (targets[each] ?? 0) > 0) ?? 'y_graph_scalars';
  const text = composeMessage(
    'model.config: no head has a loss, so there is nothing to train.',
    [],
    `set model.config.${lossKey(head)}: {name: MSELoss}.`,
  );
  return new RootstockError('MODEL_CONFIG_INVALID', text, { head });
}
