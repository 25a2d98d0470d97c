import type { GraphFacts, InputFacts } from '../../contracts/graphs.ts';
import type { Json, JsonObject } from '../../contracts/json.ts';
import { composeMessage, type Problem, RootstockError } from '../../errors.ts';
import type { EgnnSettings } from './settings.ts';

/**
 * Checks that hyperparameters, data and heads fit together, and returns the data's side. Errors: NOT_AVAILABLE for forces and vectors,
 * MODEL_CONFIG_INVALID with every contradiction, both values named.
 */
export function checkEgnn(
  model: string,
  { config, settings, facts }: { readonly config: JsonObject; readonly settings: EgnnSettings; readonly facts: InputFacts },
): GraphFacts {
  const { graph } = facts;
  refuseVectors(model, config, graph);
  if (graph === undefined) {
    throw invalid(
      model,
      [{ where: 'datamodule', text: 'expected molecules, received plain features' }],
      'set datamodule.num_elements and datamodule.y_graph_scalars.',
    );
  }
  const problems = [...widthProblems(config, graph), ...headProblems(settings, graph)];
  if (problems.length > 0) throw invalid(model, problems, 'change model.config, or the columns in x_features and datamodule.');
  return graph;
}

const VECTORS = ['y_graph_vector', 'y_node_vector', 'y_edge_vector'] as const;

function refuseVectors(model: string, config: JsonObject, graph: GraphFacts | undefined): void {
  const problems: Problem[] = [];
  if (config['compute_forces'] === true)
    problems.push({ where: 'compute_forces', text: 'forces as gradients of the energy are not built' });
  for (const head of VECTORS) {
    const key = `${head}_loss_config`;
    if ((config[key] ?? null) !== null) problems.push({ where: key, text: 'vectors are not predicted' });
    if (graph?.targets[head] !== undefined) problems.push({ where: `datamodule.${head}`, text: 'vectors are not predicted' });
  }
  if (problems.length === 0) return;
  const text = composeMessage(
    `The model "${model}" predicts numbers per molecule, atom or edge.`,
    placed(problems),
    'leave these keys out.',
  );
  throw new RootstockError('NOT_AVAILABLE', text, { problems });
}

function widthProblems(config: JsonObject, graph: GraphFacts): readonly Problem[] {
  const nodes = graph.numElements + graph.nodeAttrWidth;
  return [
    ...disagreement(
      'num_node_feats',
      config['num_node_feats'] ?? nodes,
      nodes,
      `num_elements ${graph.numElements} + ${graph.nodeAttrWidth} atom features`,
    ),
    ...disagreement('num_edge_feats', config['num_edge_feats'] ?? 0, graph.edgeAttrWidth, 'the width of the bond features in x_features'),
    ...disagreement('num_graph_feats', config['num_graph_feats'] ?? 0, graph.graphAttrWidth, 'the width of graph_attrs_cols'),
  ];
}

function disagreement(where: string, stated: Json, fromData: number, what: string): readonly Problem[] {
  return stated === fromData ? [] : [{ where, text: `is ${JSON.stringify(stated)}, but ${what} is ${fromData}` }];
}

function headProblems(settings: EgnnSettings, { targets, edgeAttrWidth }: GraphFacts): readonly Problem[] {
  const problems: Problem[] = [];
  if (Object.values(targets).every((columns) => columns === 0)) {
    problems.push({ where: 'datamodule', text: 'expected columns under y_graph_scalars, y_node_scalars or y_edge_scalars, received none' });
  }
  if (edgeAttrWidth > 0) return problems;
  if (settings.poolFrom !== 'nodes')
    problems.push({ where: 'pool_from', text: `is ${settings.poolFrom}, but x_features has no bond features` });
  if (targets.y_edge_scalars)
    problems.push({ where: 'datamodule.y_edge_scalars', text: 'needs bond features in x_features, which has none' });
  return problems;
}

function invalid(model: string, problems: readonly Problem[], fix: string): RootstockError {
  return new RootstockError(
    'MODEL_CONFIG_INVALID',
    composeMessage(`The model "${model}" cannot be built for this data.`, placed(problems), fix),
    { problems },
  );
}

function placed(problems: readonly Problem[]): readonly Problem[] {
  return problems.map(({ where, text }) => ({ where: where.startsWith('datamodule') ? where : `model.config.${where}`, text }));
}
