import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RootstockError } from '../../errors.ts';

/** Names of the files in a saved model's directory: what a run publishes, and what molflux and physicsml save. */
export const SAVED_MODEL_FILES = {
  config: 'model_config.json',
  weights: 'weights.safetensors',
  metrics: 'metrics.csv',
  checkpoint: 'model_artefacts/module_checkpoint.ckpt',
  featurisation: 'featurisation_metadata.json',
  requirements: 'requirements.txt',
} as const;

/** Extensions of files with tensors, by the format behind them. */
const FORMATS: Readonly<Record<string, SavedModelPlace['format']>> = {
  '.safetensors': 'safetensors',
  '.pt': 'torch',
  '.pth': 'torch',
  '.ckpt': 'torch',
};

/** Where the parts of a saved model are. */
export interface SavedModelPlace {
  /** The directory; null for a bare weights file. */
  readonly directory: string | null;
  /** The weights file. */
  readonly weights: string;
  readonly format: 'safetensors' | 'torch';
}

/**
 * Finds a saved model: the output directory of a run, a directory that molflux or physicsml saved, or a file with weights alone
 * (.safetensors, .pt, .pth, .ckpt). In a directory weights.safetensors comes first. Opens nothing.
 *
 * Errors: FILE_NOT_FOUND; CHECKPOINT_UNSUPPORTED for other files and for models that molflux saved as Python objects.
 */
export async function findSavedModel(path: string): Promise<SavedModelPlace> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw new RootstockError(
      'FILE_NOT_FOUND',
      `There is no saved model at "${path}".\nFix: check the path; in a run file it is relative to the run file, on a command line to the working directory.`,
      { path },
    );
  }
  if (found.isDirectory()) return findInDirectory(path);
  const extension = Object.keys(FORMATS).find((ending) => path.toLowerCase().endsWith(ending));
  const format = extension === undefined ? undefined : FORMATS[extension];
  if (format !== undefined) return { directory: null, weights: path, format };
  throw new RootstockError(
    'CHECKPOINT_UNSUPPORTED',
    `"${path}" is in a format that is not read.\nFix: give the output directory of a run, a directory saved by physicsml or molflux, a file ${Object.keys(FORMATS).join(', ')}, or a run file (.yaml, .yml, .json) that makes the model.`,
    { path },
  );
}

async function findInDirectory(directory: string): Promise<SavedModelPlace> {
  for (const [name, format] of [
    [SAVED_MODEL_FILES.weights, 'safetensors'],
    [SAVED_MODEL_FILES.checkpoint, 'torch'],
  ] as const) {
    const weights = join(directory, name);
    if (await exists(weights)) return { directory, weights, format };
  }
  if (await exists(join(directory, 'model_artefacts', 'model.pkl'))) {
    throw new RootstockError(
      'CHECKPOINT_UNSUPPORTED',
      `"${directory}" holds a pickled Python object (model_artefacts/model.pkl), which is never read.\nFix: give a model of molflux's lightning_mlp_regressor or of physicsml; other models have no tensors to start from.`,
      { path: directory },
    );
  }
  throw new RootstockError(
    'FILE_NOT_FOUND',
    `"${directory}" is not a saved model: it has neither ${SAVED_MODEL_FILES.weights} nor ${SAVED_MODEL_FILES.checkpoint}.\nFix: name the output directory of a run, or a directory saved by physicsml or molflux.`,
    { path: directory },
  );
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
