import { join } from 'node:path';
import type { Weights } from '../../contracts/tensors.ts';
import { RootstockError } from '../../errors.ts';
import { parseSavedModel, type SavedModel } from './parse.ts';
import { findSavedModel, SAVED_MODEL_FILES } from './place.ts';
import { readFeaturisation, readModelConfig, readWeights } from './read.ts';

/** A saved model in memory. Whether the weights are those of its configuration is still to be checked (`checkWeights`). */
export interface LoadedModel {
  readonly saved: SavedModel;
  readonly weights: Weights;
}

/**
 * Loads the directory of a saved model, of a run, of molflux or of physicsml. Errors: FILE_NOT_FOUND, CHECKPOINT_INVALID,
 * CHECKPOINT_UNSUPPORTED; a bare weights file is CHECKPOINT_UNSUPPORTED, because it does not say what model it belongs to.
 */
export async function loadSavedModel(path: string): Promise<LoadedModel> {
  const place = await findSavedModel(path);
  if (place.directory === null) {
    throw new RootstockError(
      'CHECKPOINT_UNSUPPORTED',
      `"${path}" holds weights alone, and nothing says which model they belong to.\nFix: give the directory of the model, with ${SAVED_MODEL_FILES.config} in it.`,
      { path },
    );
  }
  const config = await readModelConfig(place.directory);
  const saved = parseSavedModel(config, join(place.directory, SAVED_MODEL_FILES.config), await readFeaturisation(place.directory));
  const { weights } = await readWeights(place);
  return { saved, weights };
}
