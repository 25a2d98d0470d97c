import type { Json, JsonObject } from '../contracts/json.ts';
import { NUMERICS_VERSION } from '../contracts/numerics-version.ts';
import type { Plan, StagePlan } from '../contracts/plan.ts';
import { stageOf } from '../contracts/plan-stages.ts';
import { sha256 } from './digests.ts';

/** What a stage key is made of, beside the plan. */
export interface StageKeyInput {
  readonly plan: Plan;
  /** Index of the stage; the baseline has Plan.stages.length. */
  readonly stage: number;
  readonly inputWeightsSha256: string;
  /** The optimizer state that the stage before hands on; absent: none. */
  readonly inputOptimizerSha256?: string | undefined;
  /** Digest of the stored TrainableMask. */
  readonly maskDigest: string;
  /** Digests of the materialised splits by name; only train and validation count. */
  readonly dataDigests: Readonly<Record<string, string>>;
}

/** Sections of model.config that are resolved per stage, so that only their numbers count, below. */
const SECTIONS: ReadonlySet<string> = new Set(['trainer', 'datamodule', 'optimizer', 'scheduler', 'transfer_learning', 'compile']);

/**
 * Writes down everything that decides a stage's numbers: an allow-list (names, loggers, log intervals, workers and the snapshot
 * interval are not in it), stored beside the result so that a miss can explain itself. `carryWeights` is in it because it
 * decides which weights the result holds. Without a validation split, or with its batches limited to 0, what only validation reads is left out.
 */
export function stageKeyDocument({
  plan,
  stage: index,
  inputWeightsSha256,
  inputOptimizerSha256,
  maskDigest,
  dataDigests,
}: StageKeyInput): JsonObject {
  const stage = stageOf(plan, index);
  const { datamodule, optimizer, scheduler, trainer, mask } = stage;
  const validated = dataDigests['validation'] !== undefined && trainer.limitValBatches !== 0;
  return {
    format: 1,
    numericsVersion: NUMERICS_VERSION,
    backend: trainer.backend,
    model: {
      name: plan.model.name,
      definitionVersion: plan.model.definitionVersion,
      config: Object.fromEntries(Object.entries(plan.model.config).filter(([key]) => !SECTIONS.has(key))),
      ...(plan.model.facts.graph === undefined ? {} : { graph: plan.model.facts.graph as unknown as Json }),
    },
    seed: plan.seed,
    stage: index,
    inputWeights: inputWeightsSha256,
    mask: { sha256: maskDigest, frozenModules: mask.frozenModules },
    trainer: trainerNumbers(stage),
    datamodule: {
      train: datamodule.train,
      shuffleSeed: datamodule.shuffleSeed,
      ...(datamodule.neighbours === null ? {} : { neighbours: datamodule.neighbours as unknown as Json }),
    },
    optimizer: {
      name: optimizer.name,
      config: optimizer.config,
      ...(optimizer.groups === undefined ? {} : { groups: optimizer.groups as unknown as Json }),
    },
    scheduler: scheduler === null ? null : (scheduler as unknown as JsonObject),
    carryWeights: stage.carryWeights,
    carryOptimizer: stage.carryOptimizer,
    ...(stage.prefixCache?.fits === true ? { prefixCache: stage.prefixCache.modules } : {}),
    ...(inputOptimizerSha256 === undefined
      ? {}
      : { inputOptimizer: { sha256: inputOptimizerSha256, carried: stage.optimizerFrom?.carried ?? [] } }),
    validation: validated ? validationNumbers(stage) : null,
    data: { train: dataDigests['train'] ?? null, validation: validated ? (dataDigests['validation'] ?? null) : null },
  };
}

/** The key of a stage: SHA-256 of its document, in hex. Equal keys mean equal results. */
export function stageKey(document: JsonObject): string {
  return sha256(document);
}

function trainerNumbers({ trainer }: StagePlan): JsonObject {
  return {
    maxEpochs: trainer.maxEpochs,
    maxSteps: trainer.maxSteps,
    minEpochs: trainer.minEpochs,
    minSteps: trainer.minSteps,
    limitTrainBatches: trainer.limitTrainBatches,
    accumulateGradBatches: trainer.accumulateGradBatches,
    accumulateNormalization: trainer.accumulateNormalization,
    gradientClipVal: trainer.gradientClipVal,
    gradientClipAlgorithm: trainer.gradientClipVal === null ? null : trainer.gradientClipAlgorithm,
    terminateOnNan: trainer.terminateOnNan,
    frozenModulesMode: trainer.frozenModulesMode,
    earlyStopping: trainer.earlyStopping as Json,
    ...(trainer.detectAnomaly === undefined ? {} : { detectAnomaly: true }),
    ...(trainer.maxTimeSeconds === undefined ? {} : { maxTimeSeconds: trainer.maxTimeSeconds }),
    ...(trainer.weightAveraging === undefined ? {} : { weightAveraging: { ...trainer.weightAveraging } }),
    ...(trainer.logLrEveryEpoch === undefined ? {} : { logLrEveryEpoch: true }),
    ...(trainer.logOptimizer === undefined ? {} : { logOptimizer: [...trainer.logOptimizer] }),
  };
}

function validationNumbers({ trainer, datamodule }: StagePlan): JsonObject {
  return {
    ...datamodule.validation,
    limitValBatches: trainer.limitValBatches,
    checkValEveryNEpoch: trainer.checkValEveryNEpoch,
    ...(trainer.valCheckInterval === undefined ? {} : { valCheckInterval: trainer.valCheckInterval }),
    checkpointMonitor: trainer.checkpointMonitor as unknown as JsonObject,
  };
}
