import { join } from 'node:path';
import { findSavedModel, SAVED_MODEL_FILES } from '../artifacts/saved-model/place.ts';
import { readModelConfig } from '../artifacts/saved-model/read.ts';
import { checkSavedConfig } from '../config/check-saved-config.ts';
import type { EvaluateModelJob, FromTrainer, PredictJob } from '../contracts/trainer-protocol.ts';
import { loadModels } from '../models/load-models.ts';
import { startTrainer, type TrainerOutcome } from '../trainer-client/trainer-process.ts';

/** How a job on a saved model ended, what its configuration has that is not read, and how its data was read where that needs a word. */
export interface ModelJobResult {
  readonly outcome: TrainerOutcome;
  /** Whole sentences. */
  readonly warnings: readonly string[];
}

/**
 * Runs a job on a saved model in a trainer, whose configuration is checked while the trainer starts: it has no schemas of a run file itself.
 * Errors: those of finding a saved model, of `checkSavedConfig` and of the job.
 */
export async function runModelJob(job: PredictJob | EvaluateModelJob, onMessage: (message: FromTrainer) => void): Promise<ModelJobResult> {
  let warnings: readonly string[] = [];
  const makeJob = async () => {
    warnings = await checkConfig(job);
    return job;
  };
  const outcome = await startTrainer(makeJob, onMessage).outcome;
  return { outcome, warnings: [...warnings, ...('warnings' in outcome ? (outcome.warnings ?? []) : [])] };
}

/** Bare weights have no configuration, and the job refuses them. */
async function checkConfig({ model, register }: PredictJob | EvaluateModelJob): Promise<readonly string[]> {
  const { directory } = await findSavedModel(model);
  if (directory === null) return [];
  const document = await readModelConfig(directory);
  return checkSavedConfig(document, { path: join(directory, SAVED_MODEL_FILES.config), models: await loadModels(register) });
}
