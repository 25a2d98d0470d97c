import type { RunConfig } from '../config/run-config.ts';
import type { ModelPlan, Plan, StagePlan } from '../contracts/plan.ts';
import { BASELINE_NAME, resolveBaseline } from './baseline.ts';
import { carryOptimizers } from './carry-optimizer.ts';
import { TASK_METRICS } from './check-monitors.ts';
import { planInitial } from './initial.ts';
import { matchWarnings } from './match-warnings.ts';
import { neighbourWarnings } from './neighbour-warnings.ts';
import type { PlanFacts } from './plan-facts.ts';
import { planWarnings } from './plan-warnings.ts';
import { createProblemCollector, type PlanProblem, type ProblemCollector } from './problems.ts';
import { baseSections } from './resolve-sections.ts';
import { resolveStage, type StageRequest } from './resolve-stage.ts';

/** What a plan is built from. */
export interface PlanInputs {
  readonly run: RunConfig;
  /** Where results go: the absolute path of output.path. */
  readonly outputPath: string;
  readonly facts: PlanFacts;
}

/**
 * Resolves a run into its plan: every stage against the base, what is matched and frozen, how many steps there are, what is watched.
 * Pure; no input is changed. Checks everything before anything runs and throws one error with all problems:
 *
 * CONFIG_INVALID and STAGE_INVALID (a resolved section as a whole), the codes of `match`, FREEZE_NAME_NOT_FOUND, EVERYTHING_FROZEN,
 * NO_BATCHES, MONITOR_NOT_FOUND, PARAMETER_BUDGET, and what `facts.backendOf` throws. No retry helps.
 */
export function buildPlan({ run, outputPath, facts }: PlanInputs): Plan {
  const problems = createProblemCollector(run.name);
  const mapping = run.transferLearning?.modulesToMatch ?? null;
  const stages = stageRequests(run, problems).map((request) => resolveStage(request, facts, problems));
  const initial = problems.attempt(() => planInitial(facts.model, facts.preTrained, mapping));
  const metrics = metricsOf(run, facts, problems);
  const complete = carried(
    stages.filter((stage): stage is StagePlan => stage !== undefined),
    stages.length,
    problems,
  );
  const wantsBaseline = (run.evaluation?.baseline ?? null) !== null && complete.length === stages.length;
  const baseline = wantsBaseline ? resolveBaseline(baseSections(run), complete, { facts, problems }) : undefined;
  problems.throwAny();
  if (initial === undefined) throw new Error(`buildPlan: "${run.name}" has neither an initial state nor a problem`);
  return {
    format: 1,
    name: run.name,
    seed: run.seed ?? 0,
    model: modelPlan(run, facts),
    initial,
    data: facts.data,
    stages: complete,
    baseline: baseline ?? null,
    evaluation: { metrics },
    output: { path: outputPath },
    runDigest: facts.runDigest,
    warnings: [
      ...(facts.data.facts.warnings ?? []),
      ...neighbourWarnings(facts.data, complete),
      ...matchWarnings(initial, { model: facts.model, request: facts.data.request, preTrained: facts.preTrained }),
      ...planWarnings([...complete, ...(baseline === undefined ? [] : [baseline])]),
    ],
  };
}

/** What hangs between two stages can only be told when every stage is. */
function carried(stages: readonly StagePlan[], expected: number, problems: ProblemCollector): readonly StagePlan[] {
  if (stages.length !== expected) return stages;
  const result = carryOptimizers(stages, (index) => `model.config.transfer_learning.stages.${index}`);
  problems.add(...result.problems);
  return result.stages;
}

/** The stages of a run; without transfer learning, one stage of the base from fresh weights. */
function stageRequests(run: RunConfig, problems: ProblemCollector): readonly StageRequest[] {
  const base = baseSections(run);
  if (run.transferLearning === undefined) {
    return [{ index: 0, name: 'stage-1', kind: 'stage', base, stage: null, where: 'model.config' }];
  }
  const { stages } = run.transferLearning;
  problems.add(
    ...nameProblems(
      stages.map(({ name }) => name),
      (run.evaluation?.baseline ?? null) !== null,
    ),
  );
  return stages.map((stage, index) => ({
    index,
    name: stage.name,
    kind: 'stage',
    base,
    stage,
    where: `model.config.transfer_learning.stages.${index}`,
  }));
}

/** Results are told apart by the names of their stages. */
function nameProblems(names: readonly string[], baseline: boolean): readonly PlanProblem[] {
  const taken = new Set(baseline ? [BASELINE_NAME] : []);
  return names.flatMap((name, index): PlanProblem[] => {
    if (!taken.has(name)) {
      taken.add(name);
      return [];
    }
    const where = `model.config.transfer_learning.stages.${index}.name`;
    const text = name === BASELINE_NAME && baseline ? `"${name}" is the name of the baseline` : `an earlier stage is called "${name}" too`;
    return [{ code: 'STAGE_INVALID', where, text, fix: 'give each stage a name of its own' }];
  });
}

function metricsOf(run: RunConfig, facts: PlanFacts, problems: ProblemCollector): readonly string[] {
  const { task } = facts.model;
  const metrics = run.evaluation?.metrics ?? TASK_METRICS[task];
  const unfit = metrics.filter((name) => !TASK_METRICS[task].includes(name));
  const fix = `use ${TASK_METRICS[task].join(', ')} with a ${task} model`;
  problems.add(
    ...unfit.map(
      (name): PlanProblem => ({ code: 'CONFIG_INVALID', where: 'evaluation.metrics', text: `"${name}" is no metric of ${task}`, fix }),
    ),
  );
  return metrics;
}

function modelPlan(run: RunConfig, { model, data }: PlanFacts): ModelPlan {
  return {
    name: run.model.name,
    definitionVersion: model.definitionVersion,
    task: model.task,
    config: model.config,
    facts: model.facts,
    xFeatures: run.model.xFeatures,
    yFeatures: run.model.yFeatures,
    classes: model.task === 'classification' ? data.facts.classes : null,
    tree: model.tree,
  };
}
