import type { GraphModel } from '../../src/models/definition.ts';
import { egnnModel } from '../../src/models/egnn/egnn-model.ts';
import { pauseTraining } from './e2e-pause.ts';

/** physicsml's egnn_model as a user's module would register it, with its frozen prefix, that trains as slowly as a test wants. */
export const e2eEgnn: GraphModel = {
  ...egnnModel,
  name: 'e2e_egnn',
  forward(params, graphs, ctx) {
    pauseTraining(ctx);
    return egnnModel.forward(params, graphs, ctx);
  },
  prefix(config, facts, standsStill) {
    const prefix = egnnModel.prefix?.(config, facts, standsStill) ?? null;
    if (prefix === null) return null;
    return {
      ...prefix,
      decode(params, encodings, at) {
        pauseTraining(at.ctx);
        return prefix.decode(params, encodings, at);
      },
    };
  },
};
