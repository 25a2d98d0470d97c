export { checkWeights } from '../artifacts/saved-model/check-weights.ts';
export { type LoadedModel, loadSavedModel } from '../artifacts/saved-model/load.ts';
export { parseSavedModel, type SavedGraph, type SavedModel } from '../artifacts/saved-model/parse.ts';
