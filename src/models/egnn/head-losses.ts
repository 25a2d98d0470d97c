import type { Scalar } from '@tensorflow/tfjs-core';
import type { GraphFacts, GraphHead } from '../../contracts/graphs.ts';
import { composeMessage, RootstockError } from '../../errors.ts';
import type { LossSpec } from '../../ops/loss-spec.ts';
import type { LossData } from '../../ops/ops.ts';
import type { ForwardContext, GraphBatch, GraphLoss, GraphLossTerms, GraphOutputs } from '../definition.ts';

/** Heads with a loss of their own, in the order in which physicsml adds their losses up. */
export const TRAINED_HEADS = ['y_node_scalars', 'y_edge_scalars', 'y_graph_scalars'] as const;

/** The losses of heads, in the order in which they are added up. */
export type HeadLosses = readonly (readonly [GraphHead, LossSpec])[];

/** What the losses of a batch are computed from. */
interface LossInput {
  readonly outputs: GraphOutputs;
  readonly graphs: GraphBatch;
  readonly ctx: Pick<ForwardContext, 'ops'>;
}

/** Adds up the losses of heads, in order. A head whose targets are not in the batch counts for nothing. */
export function sumLosses(losses: HeadLosses, input: LossInput): GraphLoss {
  const { ops } = input.ctx;
  const heads: Partial<Record<GraphHead, Scalar>> = {};
  let total: Scalar | undefined;
  for (const [head, spec] of losses) {
    const data = lossData(head, spec, input);
    if (data === null) continue;
    const loss = ops.loss(spec, data);
    heads[head] = loss;
    total = total === undefined ? loss : (ops.add(total, loss) as Scalar);
  }
  if (total === undefined) throw nothingTrained(columnsOf(input.outputs));
  return { total, heads };
}

/** The same losses as what batches add up. */
export function lossTerms(losses: HeadLosses, input: LossInput): GraphLossTerms {
  const terms = losses.flatMap(([head, spec]) => {
    const data = lossData(head, spec, input);
    return data === null ? [] : [[head, input.ctx.ops.lossTerms(spec, data)] as const];
  });
  if (terms.length === 0) throw nothingTrained(columnsOf(input.outputs));
  return Object.fromEntries(terms);
}

function lossData(head: GraphHead, spec: LossSpec, { outputs, graphs, ctx }: LossInput): LossData | null {
  const prediction = outputs[head];
  const target = graphs.targets[head];
  if (prediction === undefined || target === undefined) return null;
  const data: { -readonly [Name in keyof LossData]: LossData[Name] } = { prediction, target };
  // Read for the one loss that needs it: a batch copies to the device what is read.
  if (spec.kind === 'per_atom') data.nodesPerGraph = graphs.nodesPerGraph;
  const std = outputs[`${head}::std`];
  if (std !== undefined) data.variance = ctx.ops.multiply(std, std);
  return data;
}

/** Columns of the outputs by head. */
export function columnsOf(outputs: GraphOutputs): Readonly<Partial<Record<GraphHead, number>>> {
  return Object.fromEntries(TRAINED_HEADS.map((head) => [head, outputs[head]?.shape[1] ?? 0]));
}

/** MODEL_CONFIG_INVALID: no head has a loss. */
export function nothingTrained(targets: GraphFacts['targets']): RootstockError {
  const head = TRAINED_HEADS.find((each) => (targets[each] ?? 0) > 0) ?? 'y_graph_scalars';
  const text = composeMessage(
    'model.config: no head has a loss, so there is nothing to train.',
    [],
    `set model.config.${head}_loss_config: {name: MSELoss}.`,
  );
  return new RootstockError('MODEL_CONFIG_INVALID', text, { head });
}
