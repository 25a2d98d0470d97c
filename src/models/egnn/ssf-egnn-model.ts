import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorSpec } from '../../contracts/tensors.ts';
import { enter, joinPath, parameter, type Scope } from '../nn/scope.ts';
import { blockCount, describeBlocks, describeEmbeddings, forwardBody } from './body.ts';
import { chosenLosses } from './chosen-losses.ts';
import { type EgnnBody, egnnFamily } from './egnn-family.ts';
import { graphLossHyperparameter } from './hyperparameters.ts';

/** The module `ssf_egnn`: after each block, node features are scaled and shifted per channel. Lian et al. 2022 (scaling and shifting your features). */
const ssfBody: EgnnBody = {
  root: 'ssf_egnn',
  shallowEmbeddings: true,
  describe: (path, settings, { shape }) => [
    ...describeEmbeddings(path, settings, shape),
    ...Array.from({ length: blockCount(settings) }, (_, index) => describeScaling(joinPath(path, `ssf.${index}`), settings.hidden)).flat(),
    ...describeBlocks(path, settings, shape),
  ],
  forward: (scope, settings, pass) =>
    forwardBody(scope, settings, {
      ...pass,
      afterBlock: (position, _before, after) => scaleAndShift(enter(scope, `ssf.${position}`), after),
    }),
};

/** physicsml's `ssf_egnn_model`: an EGNN whose blocks can be frozen while gamma and beta behind them are trained. */
export const ssfEgnnModel = egnnFamily({
  name: 'ssf_egnn_model',
  summary: 'Graph network over molecules, tuned by scales and shifts (the ssf_egnn_model of physicsml).',
  hyperparameters: graphLossHyperparameter,
  body: ssfBody,
  withStd: false,
  gradientKernels: () => [],
  ...chosenLosses,
});

function describeScaling(path: string, channels: number): readonly TensorSpec[] {
  const spec = { shape: [1, channels], dtype: 'float32', kind: 'parameter' } as const;
  return [
    { ...spec, path: joinPath(path, 'gamma'), initializer: { kind: 'ones' } },
    { ...spec, path: joinPath(path, 'beta'), initializer: { kind: 'zeros' } },
  ];
}

// gamma [1, c] * x [N, c] + beta [1, c]
function scaleAndShift(scope: Scope, x: Tensor): Tensor {
  const { ops } = scope.ctx;
  return ops.add(ops.multiply(parameter(scope, 'gamma'), x), parameter(scope, 'beta'));
}
