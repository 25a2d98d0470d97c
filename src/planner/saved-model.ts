import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkOutput } from '../artifacts/check-output.ts';
import { readSafetensors, readTree, type TreeTensor } from '../artifacts/safetensors/read.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { PreTrainedSource } from '../contracts/plan.ts';
import type { Weights } from '../contracts/tensors.ts';
import { RootstockError } from '../errors.ts';

/** Names of the files in an output directory. */
export const SAVED_MODEL_FILES = { config: 'model_config.json', weights: 'weights.safetensors', metrics: 'metrics.csv' } as const;

/** A saved model as planning sees it: its tensors without their values. */
export interface SavedModelFacts {
  readonly tensors: readonly TreeTensor[];
  /** SHA-256 of the weights file. */
  readonly weightsSha256: string;
  /** Content of model_config.json; null for a bare weights file. */
  readonly config: JsonObject | null;
}

/**
 * Looks at a saved model: a directory with model_config.json and weights.safetensors, or a .safetensors file.
 * Errors: FILE_NOT_FOUND, CHECKPOINT_UNSUPPORTED for other formats, CHECKPOINT_INVALID.
 */
export async function inspectSavedModel(path: string): Promise<SavedModelFacts> {
  const weights = await weightsPath(path);
  const tensors = await readTree(weights);
  const weightsSha256 = await sha256Of(weights);
  return {
    tensors,
    weightsSha256,
    config: weights === path ? null : await readModelConfig(path),
  };
}

/** Reads the values of a pre-trained model's tensors and checks that they are those that were planned with. DATA_CHANGED-like drift is CHECKPOINT_INVALID. */
export async function readSavedWeights(source: PreTrainedSource): Promise<Weights> {
  if (source.kind === 'run_file') await checkChildOutput(source);
  const path = await weightsPath(source.kind === 'model' ? source.path : source.outputPath);
  if (source.kind === 'model') {
    const found = await sha256Of(path);
    if (found !== source.weightsSha256) {
      throw new RootstockError(
        'DATA_CHANGED',
        `The pre-trained weights "${path}" changed after planning: SHA-256 was ${source.weightsSha256}, now it is ${found}.\nFix: start the run again.`,
        { path },
      );
    }
  }
  return (await readSafetensors(path)).weights;
}

/** Reads model_config.json of a saved model's directory. CHECKPOINT_INVALID when it is not JSON. */
export async function readModelConfig(directory: string): Promise<JsonObject> {
  const path = join(directory, SAVED_MODEL_FILES.config);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new RootstockError(
      'FILE_NOT_FOUND',
      `"${directory}" is not a saved model: it has no ${SAVED_MODEL_FILES.config}.\nFix: name the output directory of a run.`,
      { path },
      { cause },
    );
  });
  try {
    return JSON.parse(text) as JsonObject;
  } catch (cause) {
    throw new RootstockError('CHECKPOINT_INVALID', `"${path}" is not JSON: ${String(cause)}`, { path }, { cause });
  }
}

async function checkChildOutput(source: Extract<PreTrainedSource, { readonly kind: 'run_file' }>): Promise<void> {
  const state = await checkOutput(source.outputPath, source.runName);
  if (state.kind === 'earlier' && state.manifest['run_digest'] === source.runDigest) return;
  throw new RootstockError(
    'FILE_NOT_FOUND',
    `The pre-trained model "${source.outputPath}" is not there, or is not the one that "${source.path}" describes now.\nFix: run the same command again; the pre-training run comes first.`,
    { path: source.outputPath },
  );
}

async function weightsPath(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw new RootstockError(
      'FILE_NOT_FOUND',
      `There is no pre-trained model at "${path}".\nFix: check pre_trained_model_path; it is relative to the run file's directory.`,
      { path },
    );
  }
  if (found.isDirectory()) return join(path, SAVED_MODEL_FILES.weights);
  if (path.endsWith('.safetensors')) return path;
  throw new RootstockError(
    'CHECKPOINT_UNSUPPORTED',
    `"${path}" is in a format that is not available yet.\nFix: give the output directory of a run, a .safetensors file, or a run file (.yaml, .yml, .json) that makes the model.`,
    { path },
  );
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 4 * 1024 * 1024 })) hash.update(chunk as Uint8Array);
  } catch (cause) {
    throw new RootstockError('FILE_NOT_FOUND', `"${path}" cannot be read.`, { path }, { cause });
  }
  return hash.digest('hex');
}
