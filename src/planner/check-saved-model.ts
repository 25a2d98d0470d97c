import { join } from 'node:path';
import { checkTensors } from '../artifacts/saved-model/check-weights.ts';
import { parseSavedModel } from '../artifacts/saved-model/parse.ts';
import { SAVED_MODEL_FILES } from '../artifacts/saved-model/place.ts';
import { checkSavedConfig } from '../config/check-saved-config.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { ModuleTree } from '../contracts/tensors.ts';
import { RootstockError } from '../errors.ts';
import type { ModelDefinition } from '../models/definition.ts';
import { memoryType } from '../transfer/match-sides.ts';
import type { SavedModelFacts } from './saved-model.ts';

/**
 * Checks that a pre-trained model's configuration has values that it can have, and that its weights are those that it describes, as loading
 * it would. Models that are not known here, that do not say their widths, or that their definition refuses to build, are passed over: a
 * match needs the names of their tensors only.
 *
 * @returns warnings: keys without effect
 *
 * Errors: CHECKPOINT_INVALID lists every wrong value, or every tensor that is missing, too many or of another shape.
 */
export function checkSavedModel({ config, tensors }: SavedModelFacts, path: string, models: readonly ModelDefinition[]): readonly string[] {
  const definition = models.find(({ name }) => name === config?.['name']);
  if (config === null || definition === undefined) return [];
  const warnings = checkSavedConfig(config, { path: join(path, SAVED_MODEL_FILES.config), models });
  const tree = describesData(config) ? describe(definition, config, path) : undefined;
  if (tree === undefined) return warnings;
  checkTensors(
    tree,
    tensors.map(({ dtype, ...tensor }) => ({ ...tensor, dtype: memoryType(dtype) })),
    path,
  );
  return warnings;
}

/** Documents that do not say enough to predict from, or ask for what is not built, can still be started from. */
const INCOMPLETE: readonly string[] = ['CHECKPOINT_INVALID', 'MODEL_CONFIG_INVALID', 'NOT_AVAILABLE'];

/** Whether a document says what the model reads; documents of other programs need not. */
function describesData({ config }: JsonObject): boolean {
  return typeof config === 'object' && config !== null && 'x_features' in config && 'y_features' in config;
}

function describe(definition: ModelDefinition, document: JsonObject, path: string): ModuleTree | undefined {
  try {
    const saved = parseSavedModel(document, join(path, SAVED_MODEL_FILES.config));
    return definition.describe(saved.config, saved.facts);
  } catch (error) {
    if (error instanceof RootstockError && INCOMPLETE.includes(error.code)) return undefined;
    throw error;
  }
}
