// What the trainer's jobs need of a saved model.
export { checkNumbers, checkWeights } from '../artifacts/saved-model/check-weights.ts';
export { loadSavedModel } from '../artifacts/saved-model/load.ts';
export type { SavedModel } from '../artifacts/saved-model/parse.ts';
