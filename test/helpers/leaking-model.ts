import { scalar } from '@tensorflow/tfjs-core';
import type { ModelDefinition } from '../../src/models/definition.ts';
import { mlpRegressor } from '../../src/models/mlp-regressor.ts';

/** Environment that says what this module leaves behind in the trainer that loads it: tensor or timer. */
export const LEAK_ENV = 'ROOTSTOCK_TEST_LEAK';

/** A model as an operator's module would register it. */
export const leakingRegressor: ModelDefinition = { ...mlpRegressor, name: 'leaking_regressor' };

const LEAKS: Readonly<Record<string, () => unknown>> = {
  tensor: () => scalar(1),
  timer: () => setInterval(() => undefined, 60_000),
};

LEAKS[process.env[LEAK_ENV] ?? '']?.();
