import type { Metrics } from './json.ts';
import type { BackendName } from './plan.ts';
import type { Ref } from './refs.ts';
import type { DataRefs, TrainResult } from './stage-activities.ts';

/** What the worker asks of a trainer process: one job at a time. Tensors never cross; both sides share the store. */
export type TrainerJob = FitJob | EvaluateJob | PredictJob | EvaluateModelJob;

interface JobBase {
  /** Directory of the artifact store. */
  readonly store: string;
  /** Modules with further model definitions, named by the operator, never by data. Absolute file URLs. */
  readonly register: readonly string[];
}

/** Trains one stage, from its newest valid snapshot when there is one. */
export interface FitJob extends JobBase {
  readonly kind: 'fit';
  readonly plan: Ref;
  readonly stage: number;
  readonly stageKey: string;
  readonly mask: Ref;
  readonly inputWeights: Ref;
  readonly inputOptimizer?: Ref;
  readonly data: DataRefs;
  /** The lease this attempt holds: number n of `lease-<n>`, and its token. */
  readonly lease: { readonly number: number; readonly token: string };
  /** Number of the snapshot to probe forward from; a hint only. */
  readonly snapshotHint: number;
  /** True from the second attempt without progress: a snapshot after every step. */
  readonly snapshotEveryStep: boolean;
  /** Absolute path of this attempt's raw sample log (JSONL, appended). */
  readonly sampleLog: string;
}

/** Evaluates weights on one split. */
export interface EvaluateJob extends JobBase {
  readonly kind: 'evaluate';
  readonly plan: Ref;
  readonly weights: Ref;
  readonly data: Ref;
  readonly split: 'validation' | 'test';
  /** Metric name prefix: `test` gives `test/accuracy`. */
  readonly prefix: string;
}

/** Predicts the rows of a data file with a saved model; writes a file. */
export interface PredictJob {
  readonly kind: 'predict';
  readonly register: readonly string[];
  /** Directory of the saved model. */
  readonly model: string;
  /** Absolute path of the data file. */
  readonly data: string;
  /** Absolute path of the file to write: .csv, .jsonl or .parquet. */
  readonly out: string;
  /** Column of the data that stands first in every row of predictions, as text. Absent: none. */
  readonly rowId?: string;
  readonly backend: BackendName | null;
  /** Rows per forward pass; null: what the model says, or a default. */
  readonly batchSize: number | null;
}

/** Judges a saved model on the rows of a data file with labels. */
export interface EvaluateModelJob {
  readonly kind: 'evaluate_model';
  readonly register: readonly string[];
  /** Directory of the saved model. */
  readonly model: string;
  /** Absolute path of the data file. */
  readonly data: string;
  readonly backend: BackendName | null;
  readonly batchSize: number | null;
  /** Null: all that fit the task. */
  readonly metrics: readonly string[] | null;
  /** Metric name prefix. */
  readonly prefix: string;
}

/** First argument of a trainer that waits for its job; the second is the backend it loads meanwhile. */
export const STANDBY = 'standby';

/** Parent to trainer. */
export type ToTrainer =
  /** `stay`: once this job has finished well, wait for another one instead of exiting. */
  | { readonly type: 'start'; readonly job: TrainerJob; readonly stay?: boolean }
  /** Commit a snapshot at the next step boundary and go on (`stop: false`) or exit after it (`stop: true`). Nothing between two jobs. */
  | { readonly type: 'save'; readonly stop: boolean };

/** Phases with a time budget; over budget the parent kills the trainer (TRAINER_STALLED). */
export type TrainerPhase = 'decode' | 'restore' | 'encode' | 'dry_run' | 'step' | 'validate' | 'commit' | 'evaluate' | 'predict';

/** Trainer to parent. */
export type FromTrainer =
  /** Takes a job: said once it has started, and again after `finished` by a trainer that stays. */
  | { readonly type: 'ready' }
  /** A phase begins (also sent per step, throttled by the trainer to once per 100 ms); it may take at most `budgetMs`. */
  | { readonly type: 'phase'; readonly phase: TrainerPhase; readonly budgetMs: number }
  | ({ readonly type: 'progress' } & TrainerProgress)
  | { readonly type: 'resumed'; readonly snapshot: number; readonly step: number }
  | { readonly type: 'snapshot'; readonly snapshot: number; readonly step: number; readonly stateDigest: string }
  | { readonly type: 'finished'; readonly result: TrainResult }
  /** `warnings`: what a person should know of how the data was read; absent without any. */
  | { readonly type: 'evaluated'; readonly metrics: Metrics; readonly rows?: number; readonly warnings?: readonly string[] }
  /** Rows that are predicted or judged so far. */
  | { readonly type: 'rows'; readonly rows: number }
  | { readonly type: 'predicted'; readonly rows: number; readonly warnings?: readonly string[] }
  /** The answer to `save` with `stop: true`; the trainer exits afterwards. */
  | { readonly type: 'saved'; readonly snapshot: number; readonly step: number }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly details: string };

/** Where training is. */
export interface TrainerProgress {
  /** 0-based epoch, and steps committed to the weights so far. */
  readonly epoch: number;
  readonly step: number;
  readonly totalSteps: number;
  readonly maxEpochs: number;
  readonly lr: number;
  /** Newest logged metrics. */
  readonly metrics: Metrics;
  readonly stepsPerSecond: number;
}
