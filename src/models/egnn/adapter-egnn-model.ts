import { adapterBody } from './adapter-body.ts';
import { chosenLosses } from './chosen-losses.ts';
import { egnnFamily } from './egnn-family.ts';
import { graphLossHyperparameter } from './hyperparameters.ts';

/** physicsml's `adapter_egnn_model`: an EGNN with small networks beside its blocks, which can be trained while the blocks are frozen. */
export const adapterEgnnModel = egnnFamily({
  name: 'adapter_egnn_model',
  summary: 'Graph network over molecules, tuned by adapters (the adapter_egnn_model of physicsml).',
  hyperparameters: (zod) => ({
    ratio_adapter_down: zod.int().min(1).default(10).describe('c_hidden divided by it is the width inside an adapter.'),
    initial_s: zod.number().default(0.01).describe('Where the strengths of the adapters start.'),
    ...graphLossHyperparameter(zod),
  }),
  body: adapterBody,
  withStd: false,
  gradientKernels: () => ['Multiply', 'Neg', 'RealDiv', 'Sqrt', 'Sum'],
  ...chosenLosses,
});
