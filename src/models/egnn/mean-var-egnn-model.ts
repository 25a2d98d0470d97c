import { composeMessage, RootstockError } from '../../errors.ts';
import type { LossSpec } from '../../ops/loss-spec.ts';
import { chosen, chosenFor, chosenLosses } from './chosen-losses.ts';
import { egnnFamily } from './egnn-family.ts';
import { plainBody } from './plain-body.ts';

/** physicsml's loss of this model: torch's GaussianNLLLoss with eps 0.01, over the square of the predicted standard deviation. */
const GAUSSIAN: LossSpec = { kind: 'gaussian', full: false, eps: 0.01, reduction: 'mean', scale: 1 };

/** Heads whose loss a run file chooses. */
const CHOSEN_HEADS = ['y_node_scalars', 'y_edge_scalars'] as const;

const ownLosses = chosenFor(CHOSEN_HEADS);

/**
 * physicsml's `mean_var_egnn_model`: egnn_model with a second pooling head, pooling_head_std, that predicts the standard deviation of each
 * y_graph_scalars. Its loss of y_graph_scalars is not chosen; those of the other heads are.
 */
export const meanVarEgnnModel = egnnFamily({
  name: 'mean_var_egnn_model',
  summary: 'Graph network over molecules that predicts a mean and a standard deviation (the mean_var_egnn_model of physicsml).',
  hyperparameters: () => ({}),
  body: plainBody,
  withStd: true,
  gradientKernels: () => ['Multiply', 'Neg', 'RealDiv', 'Sign', 'Square'],
  losses: (outputs, config) => [...ownLosses(outputs, config), ['y_graph_scalars', GAUSSIAN]],
  maskedHeads: chosenLosses.maskedHeads,
  checkLosses(config, { targets }) {
    if ((targets.y_graph_scalars ?? 0) === 0) throw withoutMean();
    chosen(config, targets, CHOSEN_HEADS);
  },
});

function withoutMean(): RootstockError {
  const text = composeMessage(
    'datamodule.y_graph_scalars: mean_var_egnn_model predicts a mean and a standard deviation per molecule, but no columns are named.',
    [],
    'list the columns under datamodule.y_graph_scalars, or use egnn_model.',
  );
  return new RootstockError('MODEL_CONFIG_INVALID', text, { head: 'y_graph_scalars' });
}
