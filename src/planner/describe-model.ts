import { z } from 'zod';
import type { RunConfig } from '../config/run-config.ts';
import type { GraphFacts, InputFacts } from '../contracts/graphs.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { DataFacts, DataPlan, DataRequest } from '../contracts/plan.ts';
import type { ModelDefinition } from '../models/definition.ts';
import type { ModelFacts } from '../plan/plan-facts.ts';
import { prefixOf } from '../plan/prefix-cache.ts';

/** Resolves the new model: hyperparameters with their defaults, class labels, and the tree of its tensors. MODEL_CONFIG_INVALID when they contradict the data. */
export function describeModel(definition: ModelDefinition, run: RunConfig, { request, facts: data }: DataPlan): ModelFacts {
  const { xFeatures, yFeatures, hyperparameters } = run.model;
  const filled = definition.hyperparameters(z).parse(hyperparameters) as JsonObject;
  const config: JsonObject = data.classes === null ? filled : { ...filled, classes: data.classes };
  const inputWidth = xFeatures.reduce((sum, name) => sum + (data.xWidths[name] ?? 0), 0);
  const outputWidth = data.classes === null ? yFeatures.length : data.classes.length;
  const { version, task, defaults } = definition;
  const facts: InputFacts = { inputWidth, outputWidth, ...graphFacts(request, data) };
  const tree = definition.describe(config, facts);
  definition.checkTraining?.(config, facts);
  return {
    definitionVersion: version,
    task,
    defaults,
    config,
    facts,
    tree,
    computationKeys: definition.computationKeys,
    ...(definition.inputs === 'graphs' && definition.bytesPerEdge !== undefined ? { bytesPerEdge: definition.bytesPerEdge(config) } : {}),
    prefix: prefixOf(definition, config, facts),
  };
}

/** What a molecule model may know of its data; nothing for other models. */
function graphFacts({ graph: columns, neighbours }: DataRequest, { graph }: DataFacts): { readonly graph?: GraphFacts } {
  if (columns === undefined || neighbours === undefined || graph === undefined) return {};
  return {
    graph: {
      numElements: columns.numElements,
      nodeAttrWidth: graph.nodeAttrWidth,
      edgeAttrWidth: graph.edgeAttrWidth,
      graphAttrWidth: graph.graphAttrWidth,
      hasTotalAtomicEnergy: columns.totalAtomicEnergy !== null,
      cutOff: neighbours.cutOff,
      targets: Object.fromEntries(Object.entries(columns.targets).map(([head, names]) => [head, names.length])),
    },
  };
}
