import { type Duration, durationSeconds } from '../config/duration.ts';
import { neighbourPlanOf } from '../contracts/graph-columns.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { BackendName, DataModulePlan, TrainerPlan } from '../contracts/plan.ts';
import type { CallbackPlans } from './callbacks.ts';
import { trialBatches } from './debugging.ts';

/*
 * From resolved, validated sections in the run file's spelling to the values of a plan. The casts rest on `validateSection`.
 */

/** Lightning's default when num_sanity_val_steps is null. */
const SANITY_STEPS = 2;

/** What the trainer section alone cannot say. Limits are whole numbers of batches. */
export interface TrainerContext {
  readonly backend: BackendName;
  readonly callbacks: CallbackPlans;
  readonly limits: Pick<TrainerPlan, 'limitTrainBatches' | 'limitValBatches' | 'limitTestBatches'>;
  /** Batches between two validations; undefined: at the end of an epoch. */
  readonly validationInterval: number | undefined;
}

/** Reads the trainer section, after `applyDebugging`. What is off by default is left out, so that a stage key is what it was before there was such a thing. */
export function trainerPlan(trainer: JsonObject, { backend, callbacks, limits, validationInterval }: TrainerContext): TrainerPlan {
  const snapshot = trainer['snapshot'] as JsonObject;
  const clip = trainer['gradient_clip_val'] as number | null;
  const maxTime = (trainer['max_time'] ?? null) as Duration | null;
  const trial = trialBatches(trainer);
  return {
    backend,
    maxEpochs: maxEpochsOf(trainer),
    maxSteps: trainer['max_steps'] as number,
    minEpochs: trainer['min_epochs'] as number | null,
    minSteps: trainer['min_steps'] as number | null,
    ...limits,
    checkValEveryNEpoch: trainer['check_val_every_n_epoch'] as number | null,
    ...(validationInterval === undefined ? {} : { valCheckInterval: validationInterval }),
    numSanityValSteps: (trainer['num_sanity_val_steps'] ?? SANITY_STEPS) as number,
    accumulateGradBatches: trainer['accumulate_grad_batches'] as number,
    accumulateNormalization: trainer['accumulate_normalization'] as TrainerPlan['accumulateNormalization'],
    gradientClipVal: clip === 0 ? null : clip,
    gradientClipAlgorithm: (trainer['gradient_clip_algorithm'] ?? 'norm') as TrainerPlan['gradientClipAlgorithm'],
    terminateOnNan: trainer['terminate_on_nan'] as boolean,
    ...(trainer['detect_anomaly'] === true ? { detectAnomaly: true } : {}),
    ...(maxTime === null ? {} : { maxTimeSeconds: durationSeconds(maxTime) as number }),
    logEveryNSteps: trainer['log_every_n_steps'] as number,
    frozenModulesMode: trainer['frozen_modules_mode'] as TrainerPlan['frozenModulesMode'],
    earlyStopping: trial === 0 ? callbacks.earlyStopping : null,
    ...(callbacks.weightAveraging === undefined ? {} : { weightAveraging: callbacks.weightAveraging }),
    ...(callbacks.logsLrEveryEpoch ? { logLrEveryEpoch: true } : {}),
    ...(callbacks.logsOptimizer.length === 0 ? {} : { logOptimizer: callbacks.logsOptimizer }),
    ...(trial === 0 ? {} : { fastDevRun: trial }),
    checkpointMonitor: callbacks.checkpointMonitor,
    snapshot: {
      everySeconds: snapshot['every_seconds'] as number | null,
      everySteps: snapshot['every_steps'] as number | null,
      keep: snapshot['keep'] as number,
    },
  };
}

/** The epoch limit; -1: none. */
export function maxEpochsOf(trainer: JsonObject): number {
  return (trainer['max_epochs'] ?? -1) as number;
}

/** Reads the datamodule section. */
export function datamodulePlan(datamodule: JsonObject): DataModulePlan {
  const split = (name: string): JsonObject => datamodule[name] as JsonObject;
  const batchSize = (name: string): number => split(name)['batch_size'] as number;
  return {
    train: {
      batchSize: batchSize('train'),
      dropLast: split('train')['drop_last'] as boolean,
      shuffle: split('train')['shuffle'] as boolean,
    },
    validation: { batchSize: batchSize('validation'), dropLast: split('validation')['drop_last'] as boolean },
    test: { batchSize: batchSize('test') },
    predict: { batchSize: batchSize('predict') },
    // Only molecule models have num_elements, and they need it.
    neighbours: datamodule['num_elements'] === undefined ? null : neighbourPlanOf(datamodule),
    shuffleSeed: datamodule['shuffle_seed'] as number | null,
  };
}
