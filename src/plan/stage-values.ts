import type { Json, JsonObject } from '../contracts/json.ts';
import type { BackendName, DataModulePlan, OptimizerPlan, SchedulerPlan, TrainerPlan } from '../contracts/plan.ts';
import type { CallbackPlans } from './callbacks.ts';
import type { StepCounts } from './steps.ts';

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
}

/** Reads the trainer section. */
export function trainerPlan(trainer: JsonObject, { backend, callbacks, limits }: TrainerContext): TrainerPlan {
  const snapshot = trainer['snapshot'] as JsonObject;
  const clip = trainer['gradient_clip_val'] as number | null;
  return {
    backend,
    maxEpochs: maxEpochsOf(trainer),
    maxSteps: trainer['max_steps'] as number,
    minEpochs: trainer['min_epochs'] as number | null,
    minSteps: trainer['min_steps'] as number | null,
    ...limits,
    checkValEveryNEpoch: trainer['check_val_every_n_epoch'] as number,
    numSanityValSteps: (trainer['num_sanity_val_steps'] ?? SANITY_STEPS) as number,
    accumulateGradBatches: trainer['accumulate_grad_batches'] as number,
    accumulateNormalization: trainer['accumulate_normalization'] as TrainerPlan['accumulateNormalization'],
    gradientClipVal: clip === 0 ? null : clip,
    gradientClipAlgorithm: (trainer['gradient_clip_algorithm'] ?? 'norm') as TrainerPlan['gradientClipAlgorithm'],
    terminateOnNan: trainer['terminate_on_nan'] as boolean,
    logEveryNSteps: trainer['log_every_n_steps'] as number,
    frozenModulesMode: trainer['frozen_modules_mode'] as TrainerPlan['frozenModulesMode'],
    earlyStopping: callbacks.earlyStopping,
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
    neighbours: null,
    shuffleSeed: datamodule['shuffle_seed'] as number | null,
  };
}

/** Reads the optimizer section. */
export function optimizerPlan(optimizer: JsonObject): OptimizerPlan {
  return { name: optimizer['name'] as OptimizerPlan['name'], config: numbersOf(optimizer['config']) };
}

/** Reads the scheduler section; `num_steps` and `num_epochs` become this stage's counts, in the copy that belongs to this stage. */
export function schedulerPlan(scheduler: JsonObject | null, steps: StepCounts): SchedulerPlan | null {
  if (scheduler === null) return null;
  const counts: Readonly<Record<string, number>> = { num_steps: steps.totalSteps, num_epochs: steps.epochs };
  const resolved = Object.entries(numbersOf(scheduler['config'])).map(([key, value]): [string, Json] => [
    key,
    PERIODS.has(key) && typeof value === 'string' ? (counts[value] ?? value) : value,
  ]);
  return {
    name: scheduler['name'] as SchedulerPlan['name'],
    config: Object.fromEntries(resolved),
    interval: scheduler['interval'] as SchedulerPlan['interval'],
    frequency: scheduler['frequency'] as number,
  };
}

const PERIODS: ReadonlySet<string> = new Set(['T_max', 'total_steps']);

/** Arguments of torch that only steer how torch computes; accepted at their neutral value. They would split stage keys for nothing. */
const TORCH_ONLY: ReadonlySet<string> = new Set(['foreach', 'fused', 'differentiable', 'capturable', 'last_epoch', 'verbose']);

function numbersOf(config: Json | undefined): JsonObject {
  return Object.fromEntries(Object.entries((config ?? {}) as JsonObject).filter(([key]) => !TORCH_ONLY.has(key)));
}
