import type { Json, JsonObject } from '../../contracts/json.ts';
import { composeMessage, type Problem, RootstockError } from '../../errors.ts';
import { CONFIG_SECTIONS, type SavedModel } from './parse.ts';

/** What molflux 0.8.0 calls a model, its hyperparameters, and ours that it has not with the one value it is built with. */
interface OriginalModel {
  readonly name: string;
  readonly keys: readonly string[];
  readonly neutral: JsonObject;
}

const EGNN_KEYS = [
  'compute_forces',
  'num_node_feats',
  'num_edge_feats',
  'num_graph_feats',
  'num_rbf',
  'num_layers',
  'num_layers_phi',
  'num_layers_pooling',
  'c_hidden',
  'modify_coords',
  'pool_type',
  'pool_from',
  'dropout',
  'mlp_activation',
  'mlp_output_activation',
  'output_activation',
  'scaling_mean',
  'scaling_std',
  'y_node_scalars_loss_config',
  'y_edge_scalars_loss_config',
  'y_node_vector_loss_config',
];
const GRAPH_LOSS = 'y_graph_scalars_loss_config';
const MLP: OriginalModel = {
  name: 'lightning_mlp_regressor',
  keys: ['input_dim', 'num_layers', 'hidden_dim', 'num_tasks'],
  neutral: { activation: 'SiLU', dropout: 0, batch_norm: false },
};
const egnn = (name: string, more: readonly string[]): OriginalModel => ({ name, keys: [...EGNN_KEYS, ...more], neutral: {} });

/** Our models by name, as physicsml 0.6.0 and molflux 0.8.0 have them. */
const ORIGINALS: Readonly<Record<string, OriginalModel>> = {
  mlp_regressor: MLP,
  lightning_mlp_regressor: MLP,
  egnn_model: egnn('egnn_model', ['jitter', GRAPH_LOSS]),
  mean_var_egnn_model: egnn('mean_var_egnn_model', []),
  adapter_egnn_model: egnn('adapter_egnn_model', ['ratio_adapter_down', 'initial_s', GRAPH_LOSS]),
  ssf_egnn_model: egnn('ssf_egnn_model', [GRAPH_LOSS]),
};

/**
 * Writes the model_config.json with which molflux 0.8.0 and physicsml 0.6.0 load a model: only their keys, and the widths that they do not
 * work out themselves. `config` is that of the saved model, sections included.
 *
 * NOT_AVAILABLE lists every reason why the original cannot hold this model.
 */
export function physicsmlDocument(saved: SavedModel, config: JsonObject): JsonObject {
  const original = ORIGINALS[saved.name];
  if (original === undefined) {
    const known = Object.keys(ORIGINALS).join(', ');
    throw refused(saved.name, [{ where: 'name', text: `physicsml and molflux have no model "${saved.name}"; they have ${known}` }]);
  }
  const problems = Object.entries(saved.config).flatMap(([key, value]) => findProblem(original, key, value));
  if (original === MLP && (saved.config['num_layers'] ?? 2) === 1) {
    problems.push({
      where: 'config.num_layers',
      text: 'is 1, and molflux builds no such network (it wants hidden_dim null, and refuses null)',
    });
  }
  if (problems.length > 0) throw refused(saved.name, problems);
  const own = Object.entries(saved.config).filter(([key]) => original.keys.includes(key));
  const sections = Object.entries(config).filter(([key]) => CONFIG_SECTIONS.has(key));
  return {
    config: { ...Object.fromEntries([...sections, ...own]), ...widths(saved), transfer_learning: null },
    name: original.name,
    tag: original.name,
    version: '0.8.0',
  };
}

function findProblem(original: OriginalModel, key: string, value: Json): readonly Problem[] {
  if (original.keys.includes(key)) return [];
  const neutral = original.neutral[key];
  if (neutral !== undefined && JSON.stringify(neutral) === JSON.stringify(value)) return [];
  const expected = neutral === undefined ? '' : `; it is built with ${JSON.stringify(neutral)}`;
  return [{ where: `config.${key}`, text: `is ${JSON.stringify(value)}, but ${original.name} has no such hyperparameter${expected}` }];
}

function widths({ facts, graph, yFeatures }: SavedModel): JsonObject {
  if (graph === null || facts.graph === undefined) return { input_dim: facts.inputWidth, num_tasks: yFeatures.length };
  const { numElements, nodeAttrWidth, edgeAttrWidth, graphAttrWidth } = facts.graph;
  return { num_node_feats: numElements + nodeAttrWidth, num_edge_feats: edgeAttrWidth, num_graph_feats: graphAttrWidth };
}

function refused(name: string, problems: readonly Problem[]): RootstockError {
  return new RootstockError(
    'NOT_AVAILABLE',
    composeMessage(`"${name}" cannot be exported for physicsml.`, problems, 'export it with --format safetensors or --format torch.'),
    { model: name },
  );
}
