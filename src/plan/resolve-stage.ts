import type { StageSection } from '../config/run-config.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { BackendName, StagePlan } from '../contracts/plan.ts';
import { resolveFreeze } from '../transfer/freeze.ts';
import { checkBudget } from './budget.ts';
import { planCallbacks } from './callbacks.ts';
import { checkAveraging } from './check-averaging.ts';
import { checkBatches } from './check-batches.ts';
import { checkMonitors, type Watched } from './check-monitors.ts';
import { cycledMomentum, lateMonitor, overriddenRates } from './check-schedule.ts';
import { applyDebugging, type RunSections } from './debugging.ts';
import { checkGraphSize } from './graph-size.ts';
import { optimizerPlan } from './optimizer-values.ts';
import type { Accelerator, PlanFacts } from './plan-facts.ts';
import { type PrefixCacheInput, planPrefixCache } from './prefix-cache.ts';
import type { ProblemCollector } from './problems.ts';
import {
  droppedOf,
  originsOf,
  type ResolvedSections,
  resolveSections,
  sectionPlace,
  sectionProblems,
  type WrittenSections,
} from './resolve-sections.ts';
import { schedulerPlan } from './scheduler-values.ts';
import { datamodulePlan, maxEpochsOf, trainerPlan } from './stage-values.ts';
import { countSteps, type StepCounts } from './steps.ts';
import { validationInterval } from './validation-interval.ts';

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

  const { trainer, datamodule } = applyDebugging({
    trainer: sections.trainer.value as JsonObject,
    datamodule: sections.datamodule.value as JsonObject,
  });
  const callbacks = planCallbacks(trainer['callbacks']);
  const carryWeights = stage?.carryWeights ?? callbacks.carries;
  const { limits, validates, problems: batchProblems } = checkBatches({ trainer, datamodule }, facts.data.facts.splits, where);
  problems.add(...batchProblems);
  problems.add(
    ...checkMonitors(
      {
        callbacks,
        carryWeights,
        validates,
        validatesEveryEpoch: trainer['check_val_every_n_epoch'] === 1,
        task: facts.model.task,
        heads: Object.keys(facts.model.facts.graph?.targets ?? {}),
        plateau: plateauOf(request, sections),
      },
      where,
    ),
  );
  const backend = problems.attempt(() => backendOf(trainer, facts));
  if (backend === undefined) return undefined;
  problems.add(
    ...checkGraphSize(facts.data, { datamodule: datamodulePlan(datamodule), bytesPerEdge: facts.model.bytesPerEdge ?? 0 }, where),
  );
  problems.add(...checkBudget({ mask, backend, averaged: callbacks.weightAveraging !== undefined, memoryBytes: facts.memoryBytes }, where));

  const steps = stepsOf({ trainer, datamodule }, facts);
  const { batchesPerEpoch } = steps;
  const { interval, problems: intervalProblems } = validationInterval(trainer, { batchesPerEpoch, validates }, where);
  problems.add(...intervalProblems, ...checkAveraging({ averaging: callbacks.weightAveraging, carryWeights, ...steps }, where));
  const { optimizer, scheduler } = learning({ sections, stage, where, steps, mask }, facts, problems);
  const trainerValues = trainerPlan(trainer, { backend, callbacks, limits, validationInterval: interval });
  const written = trainer['prefix_cache'] as PrefixCacheInput['written'];
  const prefixCache = planPrefixCache({ written, mask, trainer: trainerValues, validates, ...steps }, facts.model, facts.data.facts);
  return {
    index: request.index,
    name: request.name,
    kind: request.kind,
    freezeModules: stage?.freezeModules ?? [],
    mask,
    trainer: trainerValues,
    datamodule: datamodulePlan(datamodule),
    optimizer,
    scheduler,
    carryWeights,
    carryOptimizer: stage?.carryOptimizer ?? 'reset',
    batchesPerEpoch: steps.batchesPerEpoch,
    stepsPerEpoch: steps.stepsPerEpoch,
    totalSteps: steps.totalSteps,
    origins: { ...originsOf(sections), carry_weights: carryOrigin(stage, callbacks.carries), ...carryOptimizerOrigin(stage) },
    dropped: droppedOf(sections),
    ...(prefixCache === undefined ? {} : { prefixCache }),
  };
}

/** The optimizer and the scheduler, which bear on each other. */
function learning(
  { sections, stage, where, steps, mask }: LearningRequest,
  facts: PlanFacts,
  problems: ProblemCollector,
): Pick<StagePlan, 'optimizer' | 'scheduler'> {
  const place = (kind: 'optimizer' | 'scheduler'): string => sectionPlace(kind, stage, where);
  const section = sections.optimizer.value as JsonObject;
  const scheduler = schedulerPlan(sections.scheduler.value, steps, place('scheduler'));
  const name = section['name'] as StagePlan['optimizer']['name'];
  const cycled = cycledMomentum(scheduler.plan, { name, config: section['config'] as JsonObject }, place('scheduler'));
  const optimizer = optimizerPlan(section, {
    tree: facts.model.tree,
    trainable: mask.trainable,
    where: place('optimizer'),
    cycledMomentum: cycled.momentum,
  });
  problems.add(...scheduler.problems, ...cycled.problems, ...optimizer.problems);
  const everyEpochs = (sections.trainer.value?.['check_val_every_n_epoch'] ?? null) as number | null;
  problems.add(...lateMonitor(scheduler.plan, everyEpochs, place('scheduler')));
  problems.add(...overriddenRates(scheduler.plan, optimizer.plan, place('scheduler')));
  return { optimizer: optimizer.plan, scheduler: scheduler.plan };
}

/** The metric that a ReduceLROnPlateau watches. */
function plateauOf({ stage, where }: StageRequest, { scheduler: { value } }: ResolvedSections): Watched['plateau'] {
  if (value === null || value['name'] !== 'ReduceLROnPlateau') return undefined;
  return { monitor: value['monitor'] as string, where: `${sectionPlace('scheduler', stage, where)}.monitor` };
}

interface LearningRequest {
  readonly sections: ResolvedSections;
  readonly stage: StageRequest['stage'];
  readonly where: string;
  readonly steps: StepCounts;
  readonly mask: StagePlan['mask'];
}

function carryOptimizerOrigin(stage: StageRequest['stage']): StagePlan['origins'] {
  return stage?.carryOptimizer === undefined ? {} : { carry_optimizer: 'stage' };
}

function backendOf(trainer: JsonObject, facts: PlanFacts): BackendName {
  const exact = trainer['backend'] as BackendName | null;
  return exact ?? facts.backendOf(trainer['accelerator'] as Accelerator);
}

function stepsOf({ trainer, datamodule }: RunSections, facts: PlanFacts): StepCounts {
  const { batchSize, dropLast } = datamodulePlan(datamodule).train;
  return countSteps({
    rows: facts.data.facts.splits.train?.rows ?? 0,
    batchSize,
    dropLast,
    limit: trainer['limit_train_batches'] as number | null,
    accumulate: trainer['accumulate_grad_batches'] as number,
    maxEpochs: maxEpochsOf(trainer),
    maxSteps: trainer['max_steps'] as number,
  });
}

/** carry_weights is written in the stage, or follows from a ModelCheckpointApply or EMAWeightAveraging of stage or base, or is the default. */
function carryOrigin(stage: StageRequest['stage'], carries: StagePlan['carryWeights']): StagePlan['origins'][string] {
  if (stage?.carryWeights !== undefined) return 'stage';
  if (carries === 'last') return 'default';
  return stage?.trainer?.['callbacks'] === undefined ? 'base' : 'stage';
}
