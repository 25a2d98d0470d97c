import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { checkOutput } from '../artifacts/check-output.ts';
import type { TreeTensor } from '../artifacts/safetensors/read.ts';
import { findSavedModel } from '../artifacts/saved-model/place.ts';
import { readFeaturisation, readModelConfig, readWeights, readWeightsTree } from '../artifacts/saved-model/read.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { PreTrainedSource } from '../contracts/plan.ts';
import type { Weights } from '../contracts/tensors.ts';
import { RootstockError } from '../errors.ts';

/** A saved model as planning sees it: its tensors without their values. */
export interface SavedModelFacts {
  readonly tensors: readonly TreeTensor[];
  /** SHA-256 of the weights file. */
  readonly weightsSha256: string;
  /** Content of model_config.json; null for a bare weights file. */
  readonly config: JsonObject | null;
  /** Content of featurisation_metadata.json; null when there is none. */
  readonly featurisation: JsonObject | null;
}

/**
 * Looks at a saved model: the output directory of a run, a directory that molflux or physicsml saved, or a file with weights alone. Reads no
 * tensor. Errors: FILE_NOT_FOUND, CHECKPOINT_UNSUPPORTED, CHECKPOINT_INVALID.
 */
export async function inspectSavedModel(path: string): Promise<SavedModelFacts> {
  const place = await findSavedModel(path);
  const tensors = await readWeightsTree(place);
  const weightsSha256 = await sha256Of(place.weights);
  const { directory } = place;
  if (directory === null) return { tensors, weightsSha256, config: null, featurisation: null };
  return { tensors, weightsSha256, config: await readModelConfig(directory), featurisation: await readFeaturisation(directory) };
}

/** Reads the values of a pre-trained model's tensors and checks that they are those that were planned with. DATA_CHANGED-like drift is CHECKPOINT_INVALID. */
export async function readSavedWeights(source: PreTrainedSource): Promise<Weights> {
  if (source.kind === 'run_file') await checkChildOutput(source);
  const place = await findSavedModel(source.kind === 'model' ? source.path : source.outputPath);
  if (source.kind === 'model') {
    const path = place.weights;
    const found = await sha256Of(path);
    if (found !== source.weightsSha256) {
      throw new RootstockError(
        'DATA_CHANGED',
        `The pre-trained weights "${path}" changed after planning: SHA-256 was ${source.weightsSha256}, now it is ${found}.\nFix: start the run again.`,
        { path },
      );
    }
  }
  return (await readWeights(place)).weights;
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

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 4 * 1024 * 1024 })) hash.update(chunk as Uint8Array);
  } catch (cause) {
    throw new RootstockError('FILE_NOT_FOUND', `"${path}" cannot be read.`, { path }, { cause });
  }
  return hash.digest('hex');
}
