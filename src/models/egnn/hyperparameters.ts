import type { z } from 'zod';
import { ACTIVATIONS, MAX_LAYERS } from '../read-config.ts';
import { SCALES_NOTHING, scales } from './scaling.ts';

/** The hyperparameters that every EGNN has: physicsml 0.6.0's names and defaults. zod comes as an argument. */
export function egnnHyperparameters(zod: typeof z) {
  const activation = zod.enum(ACTIVATIONS).nullable();
  const lossConfig = zod.record(zod.string(), zod.json()).nullable().default(null);
  return {
    compute_forces: zod.boolean().default(false).describe('Forces as gradients of the energy: not built.'),
    num_node_feats: zod
      .int()
      .min(0)
      .nullish()
      .describe('Values per atom: num_elements and atom features; default: what the data says. A contradiction is an error.'),
    num_edge_feats: zod.int().min(0).default(0).describe('Values per bond; 0: no bond features. A contradiction is an error.'),
    num_graph_feats: zod.int().min(0).default(0).describe('Values per molecule (graph_attrs_cols). A contradiction is an error.'),
    num_rbf: zod
      .int()
      .min(0)
      .default(0)
      .describe('Radial Bessel functions of each distance, with trained roots and cut-off; 0: the distance alone.'),
    num_layers: zod.int().min(0).max(MAX_LAYERS).default(4).describe('Blocks after the embedding block.'),
    num_layers_phi: zod
      .int()
      .min(1)
      .max(MAX_LAYERS)
      .default(2)
      .describe('Linear modules of each small network (1 gives two, as in physicsml).'),
    num_layers_pooling: zod
      .int()
      .min(1)
      .max(MAX_LAYERS)
      .default(2)
      .describe('Linear modules of each network of the pooling head (1 gives two).'),
    c_hidden: zod.int().min(1).default(128).describe('Width of node and edge features and of every hidden layer.'),
    modify_coords: zod.boolean().default(false).describe('Whether blocks move the atoms.'),
    pool_type: zod.enum(['sum', 'mean']).default('sum').describe('How features become one line per molecule.'),
    pool_from: zod.enum(['nodes', 'nodes_edges', 'edges']).default('nodes').describe('Whose features are pooled.'),
    dropout: zod
      .number()
      .min(0)
      .lt(1)
      .nullable()
      .default(null)
      .describe('Dropout before the last Linear of each small network; null: no module.'),
    mlp_activation: activation.default('SiLU').describe('Activation between the Linear modules (torch.nn names); null: none.'),
    mlp_output_activation: activation.default(null).describe('Activation after the small networks but attention, phi_x and headMLP2.'),
    output_activation: activation.default(null).describe('Activation after headMLP2.'),
    scaling_mean: zod.number().default(0).describe('Added to every output.'),
    scaling_std: zod
      .number()
      .refine(scales, SCALES_NOTHING)
      .default(1)
      .describe('Every output is multiplied by it first; not 0, which would leave scaling_mean alone.'),
    y_node_scalars_loss_config: lossConfig.describe('Loss of y_node_scalars: {name, weight, config}; null: not trained.'),
    y_edge_scalars_loss_config: lossConfig.describe('Loss of y_edge_scalars.'),
    y_node_vector_loss_config: lossConfig.describe('Loss of y_node_vector: not built.'),
  };
}

/** The loss of the numbers per molecule, which all but the mean-variance model let a run file choose. */
export function graphLossHyperparameter(zod: typeof z) {
  return {
    y_graph_scalars_loss_config: zod
      .record(zod.string(), zod.json())
      .nullable()
      .default(null)
      .describe('Loss of y_graph_scalars: {name, weight, config}.'),
  };
}
