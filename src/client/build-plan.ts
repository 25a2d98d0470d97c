import { resolve } from 'node:path';
import type { Plan } from '../contracts/plan.ts';
import type { RunDocument } from '../contracts/stage-activities.ts';
import { stateLayout } from '../contracts/state-directory.ts';
import { loadModels, toModuleUrls } from '../models/load-models.ts';
import { type PlannedRun, planRun } from '../planner/plan-run.ts';
import { readRunFile } from '../planner/run-file.ts';

/** How to plan from code. */
export interface BuildPlanOptions {
  /** State directory, for the scan cache; default `.rootstock`. */
  readonly stateDir?: string;
  /** Modules with further model definitions: paths or file URLs. */
  readonly register?: readonly string[];
}

/** Resolves a run completely without training anything: `run` is a run file's path or what `defineRun` made. */
export async function buildPlan(run: string | RunDocument, options: BuildPlanOptions = {}): Promise<Plan> {
  return (await planDefinition(run, options)).plan;
}

/** Plans a run file or definition with the models registered. */
export async function planDefinition(run: string | RunDocument, options: BuildPlanOptions): Promise<PlannedRun> {
  const models = await loadModels(toModuleUrls(options.register ?? []));
  const document = typeof run === 'string' ? await readRunFile(run, { models }) : run;
  return planRun(document, { models, cacheDir: stateLayout(resolve(options.stateDir ?? '.rootstock')).cache });
}
