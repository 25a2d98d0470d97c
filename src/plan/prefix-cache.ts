import type { InputFacts } from '../contracts/graphs.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { DataFacts, PrefixCachePlan, SplitName, StagePlan } from '../contracts/plan.ts';
import type { ModelDefinition } from '../models/definition.ts';
import { standsStill } from '../transfer/stands-still.ts';
import type { ModelFacts, PrefixSize } from './plan-facts.ts';

/**
 * Memory of the host that the outputs of a prefix may take, in bytes. The same on every machine: whether a stage uses them decides its last
 * bits, so it is part of the stage key.
 */
export const MOST_PREFIX_BYTES = 2 ** 30;

/** What decides about the prefix of a stage. */
export interface PrefixCacheInput extends Pick<StagePlan, 'mask' | 'trainer' | 'totalSteps' | 'stepsPerEpoch'> {
  /** trainer.prefix_cache */
  readonly written: 'auto' | 'off';
  readonly validates: boolean;
}

/** Describes the prefix that a definition has for given hyperparameters; undefined: it never has one. */
export function prefixOf(definition: ModelDefinition, config: JsonObject, facts: InputFacts): ModelFacts['prefix'] {
  if (definition.prefix === undefined) return undefined;
  return (still) => {
    if (definition.inputs !== 'graphs') {
      const prefix = definition.prefix?.(config, facts, still) ?? null;
      if (prefix === null) return null;
      const perRow = prefix.shape.reduce((product, size) => product * size, 1);
      return { modules: prefix.modules, perRow, perNode: 0, perEdge: 0 };
    }
    const prefix = definition.prefix?.(config, facts, still) ?? null;
    if (prefix === null) return null;
    const widths = (lines: 'graph' | 'node' | 'edge') =>
      Object.values(prefix.encodings).reduce((sum, encoding) => sum + (encoding.lines === lines ? encoding.width : 0), 0);
    return { modules: prefix.modules, perRow: widths('graph'), perNode: widths('node'), perEdge: widths('edge') };
  };
}

/**
 * Decides whether a stage computes its frozen prefix once: the model has one for this mask, every row is seen more than once, and no limit
 * leaves rows out. Undefined: no. What would pay but does not fit is planned with `fits: false`, so that the plan can say so.
 */
export function planPrefixCache(input: PrefixCacheInput, model: ModelFacts, data: DataFacts): PrefixCachePlan | undefined {
  const { written, trainer, totalSteps, stepsPerEpoch } = input;
  if (written === 'off' || totalSteps <= stepsPerEpoch || trainer.limitTrainBatches !== null) return undefined;
  const size = model.prefix?.(standsStill(input)) ?? null;
  if (size === null) return undefined;
  const splits: readonly SplitName[] = input.validates ? ['train', 'validation'] : ['train'];
  const byteLength = splits.reduce((sum, split) => sum + 4 * countValues(size, split, data), 0);
  return { modules: size.modules, byteLength, fits: byteLength <= MOST_PREFIX_BYTES };
}

function countValues({ perRow, perNode, perEdge }: PrefixSize, split: SplitName, { splits, graph }: DataFacts): number {
  const rows = splits[split]?.rows ?? 0;
  const nodes = graph?.nodes?.[split] ?? rows * (graph?.largestMolecule ?? 0);
  return rows * perRow + nodes * perNode + (graph?.edges[split] ?? 0) * perEdge;
}
