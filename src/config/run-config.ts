import type { JsonObject } from '../contracts/json.ts';
import type { ModulesToMatch } from '../contracts/plan.ts';

/**
 * A valid run file. Sparse: what was not written is undefined, so that a plan can show where each value came from. Sections keep the run
 * file's spelling and stay plain objects: a stage is resolved by a deep merge of `sectionDefaults`, base and override.
 */
export interface RunConfig {
  /** The whole configuration as written, without defaults, `--set` applied and aliases normalised: what a run digest covers. */
  readonly written: JsonObject;
  readonly name: string;
  /** 0 .. 2^32 - 1. */
  readonly seed: number | undefined;
  readonly data: DataSection;
  readonly model: ModelSection;
  readonly trainer: JsonObject | undefined;
  readonly datamodule: JsonObject | undefined;
  readonly optimizer: JsonObject | undefined;
  /** Null: no scheduler. */
  readonly scheduler: JsonObject | null | undefined;
  readonly transferLearning: TransferLearningSection | undefined;
  readonly evaluation: EvaluationSection | undefined;
  readonly output: { readonly path: string };
}

/** The model and its own hyperparameters as written. */
export interface ModelSection {
  readonly name: string;
  readonly xFeatures: readonly string[];
  readonly yFeatures: readonly string[];
  readonly hyperparameters: JsonObject;
}

/** Either `train` (and `validation`, `test`), or `source` and `split`. Paths as written. */
export interface DataSection {
  readonly train?: DataSourceSection;
  readonly validation?: DataSourceSection | null;
  readonly test?: DataSourceSection | null;
  readonly source?: DataSourceSection;
  readonly row_id?: string | null;
  readonly split?: SplitSection;
  /** A path, or the content of a featurisation_metadata.json, or its "config" list. */
  readonly featurisation?: string | JsonObject | readonly JsonObject[] | null;
}

/** A path or glob, or a DuckDB query over named files. */
export type DataSourceSection =
  | string
  | { readonly sql: string; readonly files?: Readonly<Record<string, string>>; readonly row_id?: string | null };

/** How `source` is split; absent fractions are 0.8, 0.1 and 0.1, an absent seed is 0. */
export interface SplitSection {
  readonly name?: 'shuffle_split';
  readonly presets?: { readonly train_fraction?: number; readonly validation_fraction?: number; readonly test_fraction?: number };
  readonly split_seed?: number;
}

/** Pre-trained model, mapping and stages. */
export interface TransferLearningSection {
  /** As written. */
  readonly preTrainedModelPath: string;
  /** Null: the whole model. */
  readonly modulesToMatch: ModulesToMatch | null;
  /** At least one. */
  readonly stages: readonly StageSection[];
}

/** One stage: partial overrides of the base sections. A null inside an override clears an optional value. */
export interface StageSection {
  /** As written, or stage-1, stage-2, ... */
  readonly name: string;
  readonly freezeModules: readonly string[];
  readonly trainer: JsonObject | undefined;
  readonly datamodule: JsonObject | undefined;
  readonly optimizer: JsonObject | undefined;
  /** Null: this stage has no scheduler. */
  readonly scheduler: JsonObject | null | undefined;
  readonly carryWeights: 'last' | 'best' | 'ema' | undefined;
  readonly carryOptimizer: 'reset' | 'matching' | undefined;
}

/** What is measured on the test split. */
export interface EvaluationSection {
  readonly metrics?: readonly ('accuracy' | 'mae' | 'rmse' | 'r2')[];
  readonly baseline?: 'from_scratch' | null;
}
