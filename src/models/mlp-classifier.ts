import type { FeatureModel } from './definition.ts';
import { describeMlp, forwardMlp, mlpComputationKeys, mlpGradientKernels, mlpHyperparameters, mlpPrefix } from './mlp.ts';
import { agreeWithData, readClassCount, readOptionalCount } from './read-config.ts';

/** A multilayer perceptron for classification: the body of mlp_regressor with one logit per class, and cross entropy. */
export const mlpClassifier: FeatureModel = {
  name: 'mlp_classifier',
  version: '1',
  task: 'classification',
  summary: 'Multilayer perceptron for classification: logits and cross entropy.',
  hyperparameters: (zod) =>
    zod.strictObject({
      ...mlpHyperparameters(zod),
      classes: zod
        .array(zod.union([zod.string(), zod.number()]))
        .min(2)
        .nullish()
        .describe('Class labels in order; default: the sorted labels of the training split.'),
    }),
  defaults: { optimizer: { name: 'Adam', config: { lr: 1e-4 } }, scheduler: null },
  describe(config, facts) {
    const input = agreeWithData(readOptionalCount(config, 'input_dim'), facts.inputWidth, {
      key: 'input_dim',
      what: 'the width of x_features',
    });
    const output = agreeWithData(readClassCount(config), facts.outputWidth, { key: 'classes', what: 'the number of classes in the data' });
    return describeMlp(config, { input, output });
  },
  computationKeys: mlpComputationKeys,
  forward: forwardMlp,
  prefix: mlpPrefix,
  loss: (outputs, targets, ops) => ops.crossEntropy(outputs, targets),
  gradientKernels: (config) => [...new Set([...mlpGradientKernels(config), 'Exp', 'Multiply', 'Sub', 'Sum'])].sort(),
};
