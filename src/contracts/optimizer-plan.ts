import type { Json } from './json.ts';

/** The optimizers of a run file, by their torch names. */
export type OptimizerName = 'Adadelta' | 'Adagrad' | 'Adam' | 'Adamax' | 'AdamW' | 'ASGD' | 'NAdam' | 'RAdam' | 'RMSprop' | 'Rprop' | 'SGD';

/** Canonical torch name, and every torch argument of that class. */
export interface OptimizerPlan {
  readonly name: OptimizerName;
  readonly config: Readonly<Record<string, Json>>;
  /** Parameters whose arguments differ from `config`; no path is in two groups. Absent: all are alike. */
  readonly groups?: readonly ParameterGroupPlan[];
}

/** One parameter group, resolved from param_groups, layer_decay and no_weight_decay. */
export interface ParameterGroupPlan {
  /** Sorted parameter paths, trainable ones only. */
  readonly paths: readonly string[];
  /** Every torch argument, complete. */
  readonly config: Readonly<Record<string, Json>>;
}

/** The schedulers of a run file, by their torch names. */
export type SchedulerName =
  | 'ChainedScheduler'
  | 'ConstantLR'
  | 'CosineAnnealingLR'
  | 'CosineAnnealingWarmRestarts'
  | 'CyclicLR'
  | 'ExponentialLR'
  | 'LinearLR'
  | 'MultiStepLR'
  | 'OneCycleLR'
  | 'PolynomialLR'
  | 'ReduceLROnPlateau'
  | 'SequentialLR'
  | 'StepLR'
  | 'SWALR';

/** Which parameters go on with the optimizer state of the stage before, by path; both lists are sorted and together they are all trainable ones. */
export interface CarriedOptimizerPlan {
  readonly carried: readonly string[];
  readonly fresh: readonly string[];
}

/**
 * Canonical torch name, and every torch argument; T_max and total_steps are numbers by now. `config.schedulers` of SequentialLR and
 * ChainedScheduler holds mappings {name, config}, each complete.
 */
export interface SchedulerPlan {
  readonly name: SchedulerName;
  readonly config: Readonly<Record<string, Json>>;
  readonly interval: 'step' | 'epoch';
  readonly frequency: number;
  /** ReduceLROnPlateau only: the metric it watches. Not strict: an epoch without the metric does not count. */
  readonly monitor?: { readonly name: string; readonly strict: boolean };
  readonly warmup?: WarmupPlan;
}

/** The learning rate rises linearly from startFactor times the schedule's first rate to that rate; the schedule begins after it. */
export interface WarmupPlan {
  /** Optimizer steps, at least 1. */
  readonly steps: number;
  /** Above 0, at most 1. */
  readonly startFactor: number;
  /** Whole epochs that those steps fill: a schedule that counts epochs begins after them. */
  readonly epochs: number;
}
