import type { JsonObject } from '../contracts/json.ts';
import type { LossSpec } from '../ops/loss-spec.ts';
import type { FeatureModel } from './definition.ts';
import { lossGradientKernels } from './losses/gradient-kernels.ts';
import { readLoss } from './losses/read-loss.ts';
import { describeMlp, forwardMlp, mlpComputationKeys, mlpGradientKernels, mlpHyperparameters, mlpPrefix } from './mlp.ts';
import { agreeWithData, readOptionalCount } from './read-config.ts';

/**
 * A multilayer perceptron with mean squared error, or the loss of `loss_config` (not in molflux): molflux's `lightning_mlp_regressor`, with
 * its names, shapes and defaults, so that a model saved by molflux loads verbatim. The equivalent torch module, for num_layers 3:
 *
 *     self.module = nn.Sequential(
 *         nn.Linear(input_dim, hidden_dim), nn.SiLU(),   # module.0
 *         nn.Linear(hidden_dim, hidden_dim), nn.SiLU(),  # module.2
 *         nn.Linear(hidden_dim, num_tasks),              # module.4
 *     )
 *
 * batch_norm and dropout (not in molflux, off by default) add nn.BatchNorm1d before and nn.Dropout after each activation, which moves
 * the positions behind them.
 */
export const mlpRegressor: FeatureModel = {
  name: 'mlp_regressor',
  version: '1',
  task: 'regression',
  summary: 'Multilayer perceptron for regression (the lightning_mlp_regressor of molflux).',
  hyperparameters: (zod) =>
    zod.strictObject({
      ...mlpHyperparameters(zod),
      num_tasks: zod.int().min(1).nullish().describe('Number of outputs; default: the number of y_features. A contradiction is an error.'),
      loss_config: zod
        .record(zod.string(), zod.json())
        .nullish()
        .describe('The loss: {name, weight, config} with the names of physicsml and torch; default: MSELoss.'),
    }),
  defaults: { optimizer: { name: 'Adam', config: { lr: 1e-4 } }, scheduler: null },
  describe(config, facts) {
    const input = agreeWithData(readOptionalCount(config, 'input_dim'), facts.inputWidth, {
      key: 'input_dim',
      what: 'the width of x_features',
    });
    const output = agreeWithData(readOptionalCount(config, 'num_tasks'), facts.outputWidth, {
      key: 'num_tasks',
      what: 'the number of y_features',
    });
    readLossConfig(config, output);
    return describeMlp(config, { input, output });
  },
  computationKeys: mlpComputationKeys,
  forward: forwardMlp,
  prefix: mlpPrefix,
  loss(outputs, targets, ops, config) {
    const spec = readLossConfig(config, outputs.shape[1] ?? 1);
    return spec === null ? ops.mseLoss(outputs, targets) : ops.loss(spec, { prediction: outputs, target: targets });
  },
  lossTerms(outputs, targets, ops, config) {
    return ops.lossTerms(readLossConfig(config, outputs.shape[1] ?? 1) ?? MSE, { prediction: outputs, target: targets });
  },
  gradientKernels: (config) =>
    [...new Set([...mlpGradientKernels(config), ...lossGradientKernels(config['loss_config']), 'Multiply', 'RealDiv', 'Sub'])].sort(),
};

/** The same model under molflux's name, so that a model_config of molflux runs unchanged. */
export const lightningMlpRegressor: FeatureModel = { ...mlpRegressor, name: 'lightning_mlp_regressor' };

/** The loss without a `loss_config`. */
const MSE: LossSpec = { kind: 'reduced', element: { name: 'MSELoss' }, reduction: 'mean', scale: 1 };

function readLossConfig(config: JsonObject, columns: number): LossSpec | null {
  const value = config['loss_config'] ?? null;
  return value === null ? null : readLoss(value, { key: 'loss_config', columns, hasMolecules: false });
}
