import { GRAPH_HEADS } from '../contracts/graphs.ts';
import type { TargetLayout } from './metrics/head-metrics.ts';
import type { Model } from './stage-setup.ts';

/** What the columns of each head are called: y_features by head; a model of plain features has the head `y`. */
export type TargetColumns = Readonly<Record<string, readonly string[]>>;

/** Finds the heads that a model is judged by. Without `columns` they are not named one by one. */
export function targetLayout({ definition, facts }: Model, columns: TargetColumns = {}): TargetLayout {
  const { task } = definition;
  if (definition.inputs !== 'graphs') return { task, heads: [{ name: 'y', columns: columns['y'] ?? [] }], headLosses: false };
  const targets = facts.graph?.targets ?? {};
  const heads = GRAPH_HEADS.filter((head) => targets[head] !== undefined).map((name) => ({ name, columns: columns[name] ?? [] }));
  return { task, heads, headLosses: true };
}
