import { join } from 'node:path';
import { findSavedModel, SAVED_MODEL_FILES } from '../artifacts/saved-model/place.ts';
import { readModelConfig } from '../artifacts/saved-model/read.ts';
import { checkSavedConfig } from '../config/check-saved-config.ts';
import type { ModelDefinition } from '../models/definition.ts';

/**
 * Checks the configuration of the saved model at a path; bare weights have none. Returns warnings, in whole sentences.
 * Errors: those of finding a saved model and of `checkSavedConfig`.
 */
export async function checkModelConfig(model: string, models: readonly ModelDefinition[]): Promise<readonly string[]> {
  const { directory } = await findSavedModel(model);
  if (directory === null) return [];
  return checkSavedConfig(await readModelConfig(directory), { path: join(directory, SAVED_MODEL_FILES.config), models });
}
