import type { EvaluateModelJob, FromTrainer, PredictJob } from '../contracts/trainer-protocol.ts';
import { loadModels } from '../models/load-models.ts';
import { startTrainer, type TrainerOutcome } from '../trainer-client/trainer-process.ts';
import { checkModelConfig } from './check-model-config.ts';

/** How a job on a saved model ended, what its configuration has that is not read, and how its data was read where that needs a word. */
export interface ModelJobResult {
  readonly outcome: TrainerOutcome;
  /** Whole sentences. */
  readonly warnings: readonly string[];
}

/**
 * Runs a job on a saved model in a trainer, whose configuration is checked while the trainer starts: it has no schemas of a run file itself.
 * Errors: those of `checkModelConfig` and of the job.
 */
export async function runModelJob(job: PredictJob | EvaluateModelJob, onMessage: (message: FromTrainer) => void): Promise<ModelJobResult> {
  let warnings: readonly string[] = [];
  const makeJob = async () => {
    warnings = await checkModelConfig(job.model, await loadModels(job.register));
    return job;
  };
  const outcome = await startTrainer(makeJob, onMessage).outcome;
  return { outcome, warnings: [...warnings, ...('warnings' in outcome ? (outcome.warnings ?? []) : [])] };
}
