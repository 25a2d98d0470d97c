import { chosenLosses } from './chosen-losses.ts';
import { egnnFamily } from './egnn-family.ts';
import { graphLossHyperparameter } from './hyperparameters.ts';
import { plainBody } from './plain-body.ts';

/**
 * physicsml's `egnn_model`: an E(n) equivariant graph network (Satorras, Hoogeboom, Welling 2021) over molecules. Modules: egnn
 * (embed_nodes, embed_edges, egnn_embedding_block, egnn_blocks), node_mlp, edge_mlp, pooling_head.
 */
export const egnnModel = egnnFamily({
  name: 'egnn_model',
  summary: 'Graph network over molecules (the egnn_model of physicsml).',
  hyperparameters: (zod) => ({
    jitter: zod.number().min(0).nullable().default(null).describe('Normal noise on coordinates in training, Angstrom; null: none.'),
    ...graphLossHyperparameter(zod),
  }),
  body: plainBody,
  withStd: false,
  gradientKernels: () => [],
  ...chosenLosses,
});
