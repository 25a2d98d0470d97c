// A user's model module: nothing but the public API.
import { defineModel, type ModelDefinition } from '../../src/index.ts';

/** y = x . weight^T + bias. */
export const linearModel: ModelDefinition = defineModel({
  name: 'linear_model',
  version: '1',
  task: 'regression',
  summary: 'Linear regression.',
  hyperparameters: (zod) => zod.strictObject({ start: zod.number().default(0).describe('First value of every weight.') }),
  defaults: { optimizer: { name: 'Adam', config: { lr: 1e-3 } }, scheduler: null },
  describe(config, { inputWidth, outputWidth }) {
    const value = Number(config.start);
    return {
      tensors: [
        {
          path: 'linear.weight',
          shape: [outputWidth, inputWidth],
          dtype: 'float32',
          kind: 'parameter',
          initializer: { kind: 'constant', value },
        },
        { path: 'linear.bias', shape: [outputWidth], dtype: 'float32', kind: 'parameter', initializer: { kind: 'zeros' } },
      ],
    };
  },
  forward: (params, inputs, { ops }) => {
    const [weight, bias] = [params['linear.weight'], params['linear.bias']];
    if (weight === undefined || bias === undefined) throw new TypeError('the trainer gives what describe names');
    return ops.linear(inputs, weight, bias);
  },
  loss: (outputs, targets, ops) => ops.mseLoss(outputs, targets),
  gradientKernels: () => ['BatchMatMul', 'Multiply', 'RealDiv', 'Sub', 'Sum'],
});
