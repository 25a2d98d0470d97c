import { z } from 'zod';
import { MOLECULE_DEFAULTS } from '../contracts/graph-columns.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { ModelDefinition } from '../models/definition.ts';

/**
 * Fills a model_config.json with the defaults of its model, so that what it leaves out can be compared with the new model. A model that is
 * not known here keeps its document as it is.
 */
export function fillPreTrainedConfig(document: JsonObject, models: readonly ModelDefinition[]): JsonObject {
  const definition = models.find(({ name }) => name === document['name']);
  const { config } = document;
  if (definition === undefined || typeof config !== 'object' || config === null || Array.isArray(config)) return document;
  const written = config as JsonObject;
  const filled = { ...defaultsOf(definition), ...written };
  if (definition.inputs !== 'graphs') return { ...document, config: filled };
  const { cut_off, self_interaction } = MOLECULE_DEFAULTS;
  return { ...document, config: { ...filled, datamodule: { cut_off, self_interaction, ...(written['datamodule'] as JsonObject | null) } } };
}

function defaultsOf(definition: ModelDefinition): JsonObject {
  const shape = definition.hyperparameters(z).shape as Readonly<Record<string, z.ZodType>>;
  return Object.fromEntries(
    Object.entries(shape).flatMap(([key, type]) => {
      const { success, data } = type.safeParse(undefined);
      return success && data !== undefined ? [[key, data]] : [];
    }),
  ) as JsonObject;
}
