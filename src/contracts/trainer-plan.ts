/** Exact backend name. */
export type BackendName = 'wasm' | 'cpu' | 'tensorflow' | 'webgpu';

/** Resolved trainer section. Counts are whole numbers; -1 or null means "no limit". */
export interface TrainerPlan {
  readonly backend: BackendName;
  readonly maxEpochs: number;
  readonly maxSteps: number;
  readonly minEpochs: number | null;
  readonly minSteps: number | null;
  readonly limitTrainBatches: number | null;
  readonly limitValBatches: number | null;
  readonly limitTestBatches: number | null;
  /** Validation after every n-th epoch; null: valCheckInterval counts batches across epochs. */
  readonly checkValEveryNEpoch: number | null;
  /** Batches between two validations, a multiple of accumulateGradBatches. Absent: validation at the end of an epoch. */
  readonly valCheckInterval?: number;
  readonly numSanityValSteps: number;
  readonly accumulateGradBatches: number;
  readonly accumulateNormalization: 'samples' | 'lightning';
  readonly gradientClipVal: number | null;
  readonly gradientClipAlgorithm: 'norm' | 'value';
  readonly terminateOnNan: boolean;
  /** Loss and gradients are checked in every step. Absent: no. */
  readonly detectAnomaly?: true;
  /** Seconds of training after which the stage ends at the next step. Absent: no limit. */
  readonly maxTimeSeconds?: number;
  readonly logEveryNSteps: number;
  readonly frozenModulesMode: 'eval' | 'train';
  readonly earlyStopping: EarlyStoppingPlan | null;
  /** EMAWeightAveraging. Absent: no weights are averaged. */
  readonly weightAveraging?: WeightAveragingPlan;
  /** LearningRateMonitor with logging_interval epoch: the learning rate is among the metrics of every epoch. Absent: of logged steps only. */
  readonly logLrEveryEpoch?: true;
  /** Arguments of the optimizer that are logged beside each learning rate. Absent: none. */
  readonly logOptimizer?: readonly ('momentum' | 'weight_decay')[];
  /** fast_dev_run: batches that the stage was cut down to. The other values say so already; this one is for people. Absent: the stage is whole. */
  readonly fastDevRun?: number;
  readonly checkpointMonitor: MonitorPlan;
  readonly snapshot: { readonly everySeconds: number | null; readonly everySteps: number | null; readonly keep: number };
}

/** What "best" means: a metric name and whether smaller (min) or larger (max) wins. */
export interface MonitorPlan {
  readonly monitor: string;
  readonly mode: 'min' | 'max';
}

/** Lightning's EarlyStopping arguments. */
export interface EarlyStoppingPlan extends MonitorPlan {
  readonly minDelta: number;
  readonly patience: number;
  readonly strict: boolean;
  readonly checkFinite: boolean;
  readonly stoppingThreshold: number | null;
  readonly divergenceThreshold: number | null;
  /** True: judged at the end of every epoch, by the newest value; false: at validations only. Absent: whenever the monitor was logged. */
  readonly checkOnTrainEpochEnd?: boolean;
}

/** Arguments of Lightning's EMAWeightAveraging: average = decay * average + (1 - decay) * weights. */
export interface WeightAveragingPlan {
  /** 0 .. 1. */
  readonly decay: number;
  /** 0: no updates by steps. */
  readonly updateEveryNSteps: number;
  /** 0-based optimizer step from which on averages are updated. */
  readonly updateStartingAtStep: number;
  /** 0-based epoch from whose end on averages are updated at the end of every epoch, too. Absent: never. */
  readonly updateStartingAtEpoch?: number;
  /** Whether float buffers are averaged too; otherwise, and for whole numbers, the newest value is copied. */
  readonly useBuffers: boolean;
}
