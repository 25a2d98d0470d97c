import { z } from 'zod';
import type { ModelSchema } from '../config/model-schema.ts';
import type { JsonObject } from '../contracts/json.ts';
import { isObject } from './json-object.ts';
import type { Note } from './notes.ts';

/** Heads that can have a loss; molecules first, as most models predict those. */
const HEADS = ['y_graph_scalars', 'y_node_scalars', 'y_edge_scalars'] as const;

/**
 * Leaves it for a person where a model of molecules that chooses its losses has none, as a script that sets it later or only predicts
 * has it: nothing could be trained, and `plan` refuses it.
 */
export function missingLoss(name: string, config: JsonObject, models: readonly ModelSchema[]): readonly Note[] {
  const model = models.find((known) => known.name === name);
  const keys = model?.inputs === 'graphs' ? Object.keys(model.hyperparameters(z).shape) : [];
  const [chosen] = HEADS.map(lossKey);
  if (chosen === undefined || !keys.includes(chosen) || HEADS.some((head) => (config[lossKey(head)] ?? null) !== null)) return [];
  const { datamodule } = config;
  const columns = isObject(datamodule) ? datamodule : {};
  const key = lossKey(HEADS.find((head) => (columns[head] ?? null) !== null) ?? HEADS[0]);
  const text = `no head has a loss, so there is nothing to train (physicsml fails as well, at its first backward pass): add "${key}: {name: MSELoss}", or another loss, under model.config`;
  return [{ kind: 'to do', where: `model.config.${key}`, text }];
}

function lossKey(head: (typeof HEADS)[number]): string {
  return `${head}_loss_config`;
}
