import { stateLayout } from '../contracts/state-directory.ts';
import { loadModels } from '../models/load-models.ts';
import { type PlannedRun, planRun } from '../planner/plan-run.ts';
import { readRunFile } from '../planner/run-file.ts';
import type { GlobalOptions } from './global-options.ts';
import type { Output } from './output.ts';

/** How to plan a file. */
export interface PlanFileOptions extends GlobalOptions {
  readonly set: readonly string[];
  readonly output: Output;
  /** Called, and waited for, when the file itself is in order: what takes time from then on is the data and the pre-trained model. */
  readonly onValid?: () => Promise<void>;
}

/** Reads, scans and plans a run file in this process. */
export async function planFile(file: string, { stateDir, register, set, output, onValid }: PlanFileOptions): Promise<PlannedRun> {
  const models = await loadModels(register);
  const document = await readRunFile(file, { models, set });
  await onValid?.();
  const planned = await planRun(document, { models, cacheDir: stateLayout(stateDir).cache, onProgress: (text) => output.progress(text) });
  output.progress('');
  return planned;
}
