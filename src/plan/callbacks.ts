import { callbackEntries } from '../config/check-callbacks.ts';
import type { Json, JsonObject } from '../contracts/json.ts';
import type { EarlyStoppingPlan, MonitorPlan, StagePlan, WeightAveragingPlan } from '../contracts/plan.ts';

/** The callbacks of a stage, as the trainer knows them. */
export interface CallbackPlans {
  readonly earlyStopping: EarlyStoppingPlan | null;
  readonly checkpointMonitor: MonitorPlan;
  /** Whether the checkpoint monitor was written, or is the default. */
  readonly monitorWritten: boolean;
  /** Undefined: no weights are averaged. */
  readonly weightAveraging: WeightAveragingPlan | undefined;
  /** LearningRateMonitor with logging_interval epoch. */
  readonly logsLrEveryEpoch: boolean;
  /** LearningRateMonitor with log_momentum or log_weight_decay. */
  readonly logsOptimizer: NonNullable<StagePlan['trainer']['logOptimizer']>;
  /** What the stage carries when carry_weights says nothing: best with ModelCheckpointApply, ema with EMAWeightAveraging (Lightning makes the average the model), else last. */
  readonly carries: StagePlan['carryWeights'];
}

/** What `best` means when nobody says: the validation loss, the smaller the better (Lightning's usual monitor, molflux's name). */
const DEFAULT_MONITOR: MonitorPlan = { monitor: 'val/total/loss', mode: 'min' };

/**
 * Writes the callbacks of base and stage as mappings by class name, so that they merge by key. A list (or null) of a stage replaces the
 * base's callbacks altogether; `{name, config}` keeps of them only its own class; `{EarlyStopping: null}` switches one off.
 */
export function callbackLayers(
  base: JsonObject | undefined,
  stage: JsonObject | undefined,
): { readonly base: JsonObject | undefined; readonly stage: JsonObject | undefined } {
  const written = stage?.['callbacks'];
  const own = byName(written);
  const sections = { stage: stage === undefined || written === undefined ? stage : { ...stage, callbacks: own } };
  if (base?.['callbacks'] === undefined) return { base, ...sections };
  const inherited = byName(base['callbacks']);
  const kept = (): JsonObject | null => {
    if (written === undefined || (isMapping(written) && typeof written['name'] !== 'string')) return inherited;
    return isMapping(written) && own !== null ? pick(inherited, Object.keys(own)) : null;
  };
  return { base: { ...base, callbacks: kept() }, ...sections };
}

/** Reads the merged callbacks of a stage. Arguments and defaults are those of Lightning 2.4 (EMAWeightAveraging: 2.6). */
export function planCallbacks(callbacks: Json | undefined): CallbackPlans {
  const configs = new Map(callbackEntries(callbacks).map(({ name, config }) => [name, config]));
  const early = configs.get('EarlyStopping') ?? null;
  const averaging = configs.get('EMAWeightAveraging') ?? null;
  const checkpoint = configs.get('ModelCheckpoint') ?? configs.get('ModelCheckpointApply') ?? null;
  return {
    earlyStopping: early === null ? null : earlyStopping(early),
    checkpointMonitor:
      checkpoint === null
        ? DEFAULT_MONITOR
        : { monitor: (checkpoint['monitor'] ?? DEFAULT_MONITOR.monitor) as string, mode: modeOf(checkpoint) },
    monitorWritten: (checkpoint?.['monitor'] ?? null) !== null,
    weightAveraging: averaging === null ? undefined : weightAveraging(averaging),
    logsOptimizer: (['momentum', 'weight_decay'] as const).filter((name) => configs.get('LearningRateMonitor')?.[`log_${name}`] === true),
    logsLrEveryEpoch: configs.get('LearningRateMonitor')?.['logging_interval'] === 'epoch',
    carries: (configs.get('ModelCheckpointApply') ?? null) !== null ? 'best' : averaging === null ? 'last' : 'ema',
  };
}

function earlyStopping(config: JsonObject): EarlyStoppingPlan {
  const threshold = (key: string): number | null => (config[key] ?? null) as number | null;
  return {
    monitor: config['monitor'] as string,
    mode: modeOf(config),
    minDelta: (config['min_delta'] ?? 0) as number,
    patience: (config['patience'] ?? 3) as number,
    strict: (config['strict'] ?? true) as boolean,
    checkFinite: (config['check_finite'] ?? true) as boolean,
    stoppingThreshold: threshold('stopping_threshold'),
    divergenceThreshold: threshold('divergence_threshold'),
    ...(typeof config['check_on_train_epoch_end'] === 'boolean' ? { checkOnTrainEpochEnd: config['check_on_train_epoch_end'] } : {}),
  };
}

function weightAveraging(config: JsonObject): WeightAveragingPlan {
  return {
    decay: (config['decay'] ?? 0.999) as number,
    updateEveryNSteps: (config['update_every_n_steps'] ?? 1) as number,
    updateStartingAtStep: (config['update_starting_at_step'] ?? 0) as number,
    ...(typeof config['update_starting_at_epoch'] === 'number' ? { updateStartingAtEpoch: config['update_starting_at_epoch'] } : {}),
    useBuffers: (config['use_buffers'] ?? true) as boolean,
  };
}

function modeOf(config: JsonObject): 'min' | 'max' {
  return config['mode'] === 'max' ? 'max' : 'min';
}

function byName(callbacks: Json | undefined): JsonObject | null {
  if (callbacks === undefined || callbacks === null) return null;
  return Object.fromEntries(callbackEntries(callbacks).map(({ name, config }) => [name, config]));
}

function pick(callbacks: JsonObject | null, names: readonly string[]): JsonObject | null {
  return callbacks === null ? null : Object.fromEntries(Object.entries(callbacks).filter(([name]) => names.includes(name)));
}

function isMapping(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
