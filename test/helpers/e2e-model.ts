import { existsSync, readFileSync } from 'node:fs';
import { mul } from '@tensorflow/tfjs-core';
import type { ModelDefinition } from '../../src/models/definition.ts';
import { mlpClassifier } from '../../src/models/mlp-classifier.ts';
import { DELAY_ENV, pauseTraining } from './e2e-pause.ts';

export { e2eEgnn } from './e2e-graph-model.ts';

/** Environment that steers the model below in a trainer process. */
export const MODEL_ENV = {
  delay: DELAY_ENV,
  /** File whose presence makes the batch with the poison row fail; its text says how: a Fault. */
  fault: 'ROOTSTOCK_E2E_FAULT_FILE',
} as const;

/** What happens to the batch with the poison row: its loss is NaN, or its process dies. */
export type Fault = 'nan' | 'kill';

/** Value of x0 in the poison row, and nowhere else. */
export const POISON = 7.5;

/** Inputs per row. */
export const INPUTS = 8;

/**
 * A mlp_classifier as a user's module would register it, with dropout and BatchNorm always on (both have to survive a resume), that trains as
 * slowly as a test wants and can be told to fail at one row.
 */
export const e2eClassifier: ModelDefinition = {
  ...mlpClassifier,
  name: 'e2e_classifier',
  // The delay and the fault are in forward, so every step has to go through it.
  prefix: () => null,
  forward(params, inputs, ctx) {
    const outputs = mlpClassifier.forward(params, inputs, ctx);
    if (ctx.mode(HEAD) !== 'train') return outputs;
    pauseTraining(ctx, HEAD);
    const file = process.env[MODEL_ENV.fault];
    if (file === undefined || !existsSync(file)) return outputs;
    const rows = inputs.dataSync();
    if (!rows.some((value, index) => index % INPUTS === 0 && value === POISON)) return outputs;
    if (readFileSync(file, 'utf8') === 'kill') process.kill(process.pid, 'SIGKILL');
    return mul(outputs, Number.NaN);
  },
};

/** The last module: never frozen by a test. */
const HEAD = 'module.4';
