import type { StageSection } from '../config/run-config.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { BackendName, StagePlan } from '../contracts/plan.ts';
import { resolveFreeze } from '../transfer/freeze.ts';
import { checkBudget } from './budget.ts';
import { planCallbacks } from './callbacks.ts';
import { checkBatches } from './check-batches.ts';
import { checkMonitors } from './check-monitors.ts';
import type { Accelerator, PlanFacts } from './plan-facts.ts';
import type { ProblemCollector } from './problems.ts';
import { droppedOf, originsOf, type ResolvedSections, resolveSections, sectionProblems, type WrittenSections } from './resolve-sections.ts';
import { datamodulePlan, maxEpochsOf, optimizerPlan, schedulerPlan, trainerPlan } from './stage-values.ts';
import { countSteps, type StepCounts } from './steps.ts';

/** A stage to resolve. */
export interface StageRequest {
  readonly index: number;
  readonly name: string;
  readonly kind: StagePlan['kind'];
  readonly base: WrittenSections;
  /** What the stage writes; null: nothing, as in a run without transfer learning. */
  readonly stage: Omit<StageSection, 'name'> | null;
  /** Dotted place for messages. */
  readonly where: string;
}

/**
 * Resolves one stage against the base and checks it as a whole: sections, frozen modules, batches, monitors, budget. Problems go to the
 * collector; undefined when there is no telling what the stage would be.
 */
export function resolveStage(request: StageRequest, facts: PlanFacts, problems: ProblemCollector): StagePlan | undefined {
  const { stage, where } = request;
  const sections = resolveSections(request.base, stage, facts.model.defaults);
  const invalid = sectionProblems(sections, { stage, stageWhere: where, stageName: request.name });
  problems.add(...invalid);
  const mask = problems.attempt(() => resolveFreeze(stage?.freezeModules ?? [], facts.model.tree, `${where}.freeze_modules`));
  if (invalid.length > 0 || mask === undefined) return undefined;

  const trainer = sections.trainer.value as JsonObject;
  const datamodule = sections.datamodule.value as JsonObject;
  const callbacks = planCallbacks(trainer['callbacks']);
  const carryWeights = stage?.carryWeights ?? (callbacks.carriesBest ? 'best' : 'last');
  const { limits, validates, problems: batchProblems } = checkBatches({ trainer, datamodule }, facts.data.facts.splits, where);
  problems.add(...batchProblems);
  problems.add(...checkMonitors({ callbacks, carryWeights, validates, task: facts.model.task }, where));
  const backend = problems.attempt(() => backendOf(trainer, facts));
  if (backend === undefined) return undefined;
  problems.add(...checkBudget({ mask, backend, memoryBytes: facts.memoryBytes }, where));

  const steps = stepsOf(sections, facts);
  return {
    index: request.index,
    name: request.name,
    kind: request.kind,
    freezeModules: stage?.freezeModules ?? [],
    mask,
    trainer: trainerPlan(trainer, { backend, callbacks, limits }),
    datamodule: datamodulePlan(datamodule),
    optimizer: optimizerPlan(sections.optimizer.value as JsonObject),
    scheduler: schedulerPlan(sections.scheduler.value, steps),
    carryWeights,
    carryOptimizer: 'reset',
    batchesPerEpoch: steps.batchesPerEpoch,
    stepsPerEpoch: steps.stepsPerEpoch,
    totalSteps: steps.totalSteps,
    origins: { ...originsOf(sections), carry_weights: carryOrigin(stage, callbacks.carriesBest) },
    dropped: droppedOf(sections),
  };
}

function backendOf(trainer: JsonObject, facts: PlanFacts): BackendName {
  const exact = trainer['backend'] as BackendName | null;
  return exact ?? facts.backendOf(trainer['accelerator'] as Accelerator);
}

function stepsOf({ trainer, datamodule }: ResolvedSections, facts: PlanFacts): StepCounts {
  const section = trainer.value as JsonObject;
  const { batchSize, dropLast } = datamodulePlan(datamodule.value as JsonObject).train;
  return countSteps({
    rows: facts.data.facts.splits.train?.rows ?? 0,
    batchSize,
    dropLast,
    limit: section['limit_train_batches'] as number | null,
    accumulate: section['accumulate_grad_batches'] as number,
    maxEpochs: maxEpochsOf(section),
    maxSteps: section['max_steps'] as number,
  });
}

/** carry_weights is written in the stage, or follows from a ModelCheckpointApply of stage or base, or is the default. */
function carryOrigin(stage: StageRequest['stage'], carriesBest: boolean): StagePlan['origins'][string] {
  if (stage?.carryWeights !== undefined) return 'stage';
  if (!carriesBest) return 'default';
  return stage?.trainer?.['callbacks'] === undefined ? 'base' : 'stage';
}
