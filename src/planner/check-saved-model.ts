import { join } from 'node:path';
import { checkTensors } from '../artifacts/saved-model/check-weights.ts';
import { parseSavedModel } from '../artifacts/saved-model/parse.ts';
import { SAVED_MODEL_FILES } from '../artifacts/saved-model/place.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { ModuleTree } from '../contracts/tensors.ts';
import { RootstockError } from '../errors.ts';
import type { ModelDefinition } from '../models/definition.ts';
import { memoryType } from '../transfer/match-sides.ts';
import type { SavedModelFacts } from './saved-model.ts';

/**
 * Checks that a pre-trained model's weights are those that its model_config.json describes, as loading it would. CHECKPOINT_INVALID lists
 * every tensor that is missing, too many or of another shape. Models that are not known here, that do not say their widths, or that
 * their definition refuses to build, are passed over: a match needs the names of their tensors only.
 */
export function checkSavedModel({ config, tensors }: SavedModelFacts, path: string, models: readonly ModelDefinition[]): void {
  const definition = models.find(({ name }) => name === config?.['name']);
  if (config === null || definition === undefined || !describesData(config)) return;
  const tree = describe(definition, config, path);
  if (tree === undefined) return;
  checkTensors(
    tree,
    tensors.map(({ dtype, ...tensor }) => ({ ...tensor, dtype: memoryType(dtype) })),
    path,
  );
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
