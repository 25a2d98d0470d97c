import { graphColumnsOf, neighbourPlanOf } from '../../contracts/graph-columns.ts';
import type { GraphColumns, GraphFacts, GraphHead, InputFacts, NeighbourPlan } from '../../contracts/graphs.ts';
import type { Json, JsonObject } from '../../contracts/json.ts';
import { composeMessage, type Problem, RootstockError } from '../../errors.ts';

/** What model_config.json and featurisation_metadata.json say about a saved model. */
export interface SavedModel {
  readonly name: string;
  /** Hyperparameters, without x_features, y_features and the sections. */
  readonly config: JsonObject;
  readonly xFeatures: readonly string[];
  readonly yFeatures: readonly string[];
  /** Class labels in order; null for a regressor. */
  readonly classes: readonly (string | number)[] | null;
  readonly facts: InputFacts;
  /** Molecules: the columns that are read, and how atoms become neighbours. Null for a model of plain features. */
  readonly graph: SavedGraph | null;
  /** How columns that a table does not have are made from its molecules; null: they have to be there. */
  readonly featurisation: JsonObject | null;
  /** datamodule.predict.batch_size; null when the model does not say. */
  readonly predictBatchSize: number | null;
}

/** How a saved model reads molecules. `maskedHeads` of the columns is empty: that is for the model's definition to say. */
export interface SavedGraph {
  readonly columns: GraphColumns;
  readonly neighbours: NeighbourPlan;
}

/** Keys of molflux's config that are no hyperparameters of the model. */
export const CONFIG_SECTIONS: ReadonlySet<string> = new Set([
  'compile',
  'datamodule',
  'float32_matmul_precision',
  'optimizer',
  'scheduler',
  'train_features',
  'trainer',
  'transfer_learning',
  'x_features',
  'y_features',
]);

/**
 * Reads molflux's `{name, config}`. A run writes what it knows of the data beside it, under `rootstock`; for models that were saved by
 * molflux and physicsml that follows from input_dim, or from num_node_feats, num_edge_feats and num_graph_feats. The output of earlier
 * versions has `x_widths` instead.
 *
 * Errors: CHECKPOINT_INVALID names what is not there or contradicts itself; NOT_AVAILABLE for cells that are periodic in some directions.
 */
export function parseSavedModel(document: JsonObject, path: string, featurisation: JsonObject | null = null): SavedModel {
  const { name, config, rootstock, x_widths: widths } = document;
  if (typeof name !== 'string' || !isObject(config)) throw invalid(path, 'expected "name" and "config"');
  const { x_features: x, y_features: y } = config;
  if (!isTexts(x) || !isTexts(y)) throw invalid(path, 'expected lists of column names in config.x_features and config.y_features');
  const classes = config.classes ?? null;
  if (classes !== null && !isLabels(classes)) throw invalid(path, 'expected a list of labels in config.classes');
  const graph = readGraph(config, { x, y }, path);
  const outputWidth = classes?.length ?? y.length;
  const written = isObject(rootstock) ? rootstock['facts'] : undefined;
  const facts =
    graph === null ? { inputWidth: widthOf(config, written, widths, x), outputWidth } : graphInput(config, written, graph, outputWidth);
  if (typeof facts === 'string') throw invalid(path, facts);
  if (graph === null && !isCount(facts.inputWidth, 1)) {
    const text = 'expected the values per row of all x columns in config.input_dim or x_widths';
    throw invalid(path, `${text} (a model of molecules has config.datamodule.num_elements instead)`);
  }
  return {
    name,
    config: Object.fromEntries(Object.entries(config).filter(([key]) => !CONFIG_SECTIONS.has(key))),
    xFeatures: x,
    yFeatures: y,
    classes,
    facts,
    graph,
    featurisation,
    predictBatchSize: batchSizeOf(config),
  };
}

function widthOf(config: JsonObject, written: Json | undefined, widths: Json | undefined, x: readonly string[]): number {
  if (isObject(written)) return Number(written['inputWidth']);
  return isObject(widths) ? x.reduce((sum, column) => sum + Number(widths[column]), 0) : Number(config['input_dim']);
}

function readGraph(
  config: JsonObject,
  { x, y }: { readonly x: readonly string[]; readonly y: readonly string[] },
  path: string,
): SavedGraph | null {
  const datamodule = config['datamodule'];
  if (!isObject(datamodule) || (datamodule['num_elements'] ?? null) === null) return null;
  try {
    return { columns: graphColumnsOf(datamodule, x, y, []), neighbours: neighbourPlanOf(datamodule) };
  } catch (error) {
    if (!(error instanceof RootstockError) || error.code !== 'CONFIG_INVALID') throw error;
    throw invalidPlaces(path, error);
  }
}

/** Places of a run file's `model.config` are places of the document's `config`. */
function invalidPlaces(path: string, cause: RootstockError): RootstockError {
  const problems = (cause.details['problems'] as readonly Problem[]).map(({ where, text }) => ({
    where: where.replace(/^model\./u, ''),
    text,
  }));
  const headline = `"${path}" does not describe a saved model: its columns or neighbours are not settled.`;
  const fix = 'put the model_config.json there that was saved with the weights, or correct each place.';
  return new RootstockError('CHECKPOINT_INVALID', composeMessage(headline, problems, fix), { path, problems }, { cause });
}

function graphInput(config: JsonObject, written: Json | undefined, graph: SavedGraph, outputWidth: number): InputFacts | string {
  const facts = isObject(written) && isObject(written['graph']) ? writtenFacts(written['graph'], graph) : derivedFacts(config, graph);
  return typeof facts === 'string' ? facts : { inputWidth: 0, outputWidth, graph: facts };
}

/** Facts as a run published them. */
function writtenFacts(facts: JsonObject, { columns }: SavedGraph): GraphFacts | string {
  const { nodeAttrWidth, edgeAttrWidth, graphAttrWidth, cutOff } = facts;
  if (!isCount(nodeAttrWidth, 0) || !isCount(edgeAttrWidth, 0) || !isCount(graphAttrWidth, 0) || typeof cutOff !== 'number') {
    return 'expected whole numbers in rootstock.facts.graph';
  }
  return { ...ofColumns(columns), nodeAttrWidth, edgeAttrWidth, graphAttrWidth, cutOff };
}

/** physicsml's num_node_feats counts the one-hot atom numbers and the further features together. A count without its column is for the model to refuse. */
function derivedFacts(config: JsonObject, { columns, neighbours }: SavedGraph): GraphFacts | string {
  const { num_node_feats: nodes = 0, num_edge_feats: edges = 0, num_graph_feats: graphs = 0 } = config;
  if (!isCount(nodes, columns.nodeAttrs === null ? 0 : columns.numElements)) {
    return `expected at least num_elements (${columns.numElements}) in config.num_node_feats, received ${JSON.stringify(nodes)}`;
  }
  if (!isCount(edges, 0) || !isCount(graphs, 0)) return 'expected whole numbers in config.num_edge_feats and config.num_graph_feats';
  return {
    ...ofColumns(columns),
    nodeAttrWidth: columns.nodeAttrs === null ? 0 : nodes - columns.numElements,
    edgeAttrWidth: columns.edgeAttrs === null ? 0 : edges,
    graphAttrWidth: columns.graphAttrs.length === 0 ? 0 : graphs,
    cutOff: neighbours.cutOff,
  };
}

function ofColumns({
  numElements,
  totalAtomicEnergy,
  targets,
}: GraphColumns): Pick<GraphFacts, 'numElements' | 'hasTotalAtomicEnergy' | 'targets'> {
  const counts = Object.entries(targets).map(([head, columns]) => [head as GraphHead, columns.length] as const);
  return { numElements, hasTotalAtomicEnergy: totalAtomicEnergy !== null, targets: Object.fromEntries(counts) };
}

function batchSizeOf({ datamodule }: JsonObject): number | null {
  const predict = isObject(datamodule) ? datamodule['predict'] : undefined;
  const size = isObject(predict) ? predict['batch_size'] : undefined;
  return isCount(size, 1) ? size : null;
}

function isCount(value: Json | undefined, minimum: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: Json | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isLabels(value: Json): value is readonly (string | number)[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' || typeof item === 'number');
}

function invalid(path: string, text: string): RootstockError {
  const message = `"${path}" does not describe a saved model: ${text}.\nFix: put the model_config.json there that was saved with the weights.`;
  return new RootstockError('CHECKPOINT_INVALID', message, { path });
}
